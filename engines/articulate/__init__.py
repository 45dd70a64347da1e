"""The default engine: lips and jaw moved by geometry, the person's own teeth shown where they were seen."""
