"""Dated tables of what AWS publishes: versions, images, quotas, policies."""
