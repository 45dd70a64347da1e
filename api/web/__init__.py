"""The page: static text that a browser fetches once; all that it shows it asks of the API with the visitor's key."""
