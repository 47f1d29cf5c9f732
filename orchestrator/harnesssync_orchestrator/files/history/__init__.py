"""Records of transactions on disk: taken before the first change, kept for a while, and used to put things back.

    <history>/000012-00112233aabbccdd/record.json    what was about to be done, see `core.history`
    <history>/000012-00112233aabbccdd/before.tar     every byte that was about to be replaced or removed

Folders are 0700 and files 0600. A record that is being made or removed has a name that begins with a dot.
"""
