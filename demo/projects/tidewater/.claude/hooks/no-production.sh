#!/bin/sh
# Stop a tool from running when it is about to speak to the production database. Exit code 2 tells the agent why.
if grep -q 'tidewater_prod'; then
    echo "That is the production database. Use a *_dev one." >&2
    exit 2
fi
