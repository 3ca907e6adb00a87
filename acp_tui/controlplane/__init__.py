"""The platform's own controllers, for clusters that have none: what ACP does to its objects, done by us."""
