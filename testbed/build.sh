#!/usr/bin/env bash
# Builds the test bed's binaries from the Go module proxy into a cache outside the checkout and prints their folder.
#
# A set is built once for each content of its go.mod, go.sum and flags; a cold build takes minutes, a warm call
# milliseconds. ACP_TUI_BED moves the cache; KUBEBUILDER_ASSETS names a folder to use as it is, nothing is built then.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bed=${ACP_TUI_BED:-${XDG_CACHE_HOME:-$HOME/.cache}/acp-tui/bed}
bin=${KUBEBUILDER_ASSETS:-$bed/bin}

if [[ -n ${KUBEBUILDER_ASSETS:-} ]]; then
    echo "$bin"
    exit 0
fi

# Without these a server calls itself v0.0.0-master+$Format:%H$ and clients refuse to parse it.
kube_version=k8s.io/component-base/version
flags_kube="-X $kube_version.gitVersion=v1.34.2 -X $kube_version.gitMajor=1 -X $kube_version.gitMinor=34 -X $kube_version.gitTreeState=clean"
flags_etcd=""
flags_kwok="-X sigs.k8s.io/kwok/pkg/consts.Version=v0.7.0"
flags_helm3="-X helm.sh/helm/v3/internal/version.version=v3.19.2 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34"
flags_helm4="-X helm.sh/helm/v4/internal/version.version=v4.1.0 -X helm.sh/helm/v4/pkg/chart/common.k8sVersionMajor=1 -X helm.sh/helm/v4/pkg/chart/common.k8sVersionMinor=34"

build() { # set, output names...
    local set=$1
    shift
    local flags=flags_$set stamp="$bed/stamps/$set" key staging name
    key=$({ cat "$here/$set/go.mod" "$here/$set/go.sum"; echo "${!flags}"; } | sha256sum | cut -d' ' -f1)
    local missing=""
    for name in "$@"; do [[ -x $bin/$name ]] || missing=$name; done
    if [[ -z $missing && -f $stamp && $(cat "$stamp") == "$key" ]]; then
        return
    fi
    command -v go >/dev/null || { echo "build.sh: the test bed needs Go 1.26 or newer to build $set" >&2; return 1; }
    echo "build.sh: building $set ($*)" >&2
    staging=$(mktemp -d "$bed/build.XXXXXX")
    (cd "$here/$set" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w ${!flags}" -o "$staging/" tool)
    # Every set but kube holds one program, whose own name may clash (helm 3 and 4) or say nothing (server).
    if (($# == 1)); then
        mv "$staging"/* "$bin/$1"
    else
        mv "$staging"/* "$bin/"
    fi
    rmdir "$staging"
    echo "$key" >"$stamp"
}

mkdir -p "$bin" "$bed/stamps"
exec 9>"$bed/lock"
flock 9 # two builds at once would do the same work twice
rm -rf "$bed"/build.*
build etcd etcd
build helm4 helm4
build helm3 helm3
build kwok kwok
build kube kube-apiserver kube-controller-manager kube-scheduler kubectl
echo "$bin"
