"""Container images on a machine without a registry: made, listed, measured, tried.

`table` says which images there are and how large they may be, `base` makes what they are built
on from Debian's packages, `building` builds them with buildah, `trying` runs them with runc.
What is made is kept in a store below the cache folder, apart from images of other programs.
"""
