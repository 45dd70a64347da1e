#!/bin/sh
# Makes Temporal's two databases in PostgreSQL, or brings them to the schema of this release. Safe to run again.
set -eu
tool() {
    temporal-sql-tool --plugin postgres12 --ep postgresql --port 5432 --user temporal --database "$database" "$@"
}
for database in temporal temporal_visibility; do
    schema=/etc/temporal/schema/postgresql/v12/${database#temporal_}/versioned
    # Only a database that has a schema can be brought to a newer one.
    tool update-schema --schema-dir "$schema" && continue
    tool create || echo "$database is there"
    tool setup-schema --version 0.0
    tool update-schema --schema-dir "$schema"
done
