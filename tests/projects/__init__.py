"""Projects as people keep them, made from a number, and what must hold for each of them with every target.

`made` puts a whole project and a home together, `manners` has the ways in which people write one and the same thing.
`make test` tries a few of them, `make test-projects` all fifty.
"""
