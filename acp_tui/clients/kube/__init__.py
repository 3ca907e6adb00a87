"""One Kubernetes API server: kubeconfig, credentials, transport, discovery, reflector."""
