#!/bin/sh
# Makes the namespace, once the server answers. Safe to run again.
set -eu
tries=0
until temporal operator cluster health; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || exit 1
    sleep 2
done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 720h
