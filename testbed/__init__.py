"""Real Kubernetes control planes as plain processes of this machine, with kubelets that are played."""
