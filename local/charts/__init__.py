"""Helm charts for a live cloud: from their registry, or from the pinned Go module of the project.

A chart that neither has is assembled from the project's own manifests. What was installed in
place of what was asked for is said by name.
"""
