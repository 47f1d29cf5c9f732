#!/bin/sh
# Print each weekday from one date to another, both included: days.sh 2026-03-01 2026-03-09
set -eu
day=$1
while [ "$(date -d "$day" +%s)" -le "$(date -d "$2" +%s)" ]; do
    case $(date -d "$day" +%u) in
    6 | 7) ;;
    *) echo "$day" ;;
    esac
    day=$(date -d "$day + 1 day" +%F)
done
