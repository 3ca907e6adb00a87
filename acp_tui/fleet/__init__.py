"""The live picture: a session a cluster, stores, freshness, merged views."""
