"""Projections: the few fields of Kubernetes objects that acp-tui reads, decoded straight from bytes.

Every field is optional, because API servers send null where Go has a nil slice or pointer, and an odd object
must not cost the page it is on. Strings are cleaned before they get here (wire.text).
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Projection(Struct, frozen=True, gc=False, rename="camel"):
    """Base of all projections: camelCase on the wire, immutable, outside the cyclic garbage collector."""


class OwnerReference(Projection, frozen=True):
    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    api_version: str | None = None
    controller: bool | None = None


class Meta(Projection, frozen=True):
    """metadata without managedFields."""

    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    labels: dict[str, str | None] | None = None
    annotations: dict[str, str | None] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None
    finalizers: tuple[str, ...] | None = None


class Condition(Projection, frozen=True):
    type: str | None = None
    status: str | None = None
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None


class Object(Projection, frozen=True):
    """Any object of which the metadata is enough (PartialObjectMetadata)."""

    metadata: Meta = Meta()
    kind: str | None = None
    api_version: str | None = None


class ConditionsStatus(Projection, frozen=True):
    conditions: tuple[Condition, ...] | None = None
    phase: str | None = None
    observed_generation: int | None = None


class Generic(Projection, frozen=True):
    """An object judged by its conditions and phase alone (custom resources, PVCs, namespaces, HPAs)."""

    metadata: Meta = Meta()
    kind: str | None = None
    api_version: str | None = None
    status: ConditionsStatus | None = None


class StateWaiting(Projection, frozen=True):
    reason: str | None = None
    message: str | None = None


class StateRunning(Projection, frozen=True):
    started_at: str | None = None


class StateTerminated(Projection, frozen=True):
    reason: str | None = None
    message: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    finished_at: str | None = None


class ContainerState(Projection, frozen=True):
    waiting: StateWaiting | None = None
    running: StateRunning | None = None
    terminated: StateTerminated | None = None


class ContainerStatus(Projection, frozen=True):
    name: str | None = None
    image: str | None = None
    ready: bool | None = None
    started: bool | None = None
    restart_count: int | None = None
    state: ContainerState | None = None
    last_state: ContainerState | None = None


class Container(Projection, frozen=True):
    name: str | None = None
    image: str | None = None
    restart_policy: str | None = None


class PodSpec(Projection, frozen=True):
    node_name: str | None = None
    restart_policy: str | None = None
    containers: tuple[Container, ...] | None = None
    init_containers: tuple[Container, ...] | None = None


class PodStatus(Projection, frozen=True):
    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    pod_ip: str | None = None
    start_time: str | None = None
    conditions: tuple[Condition, ...] | None = None
    container_statuses: tuple[ContainerStatus, ...] | None = None
    init_container_statuses: tuple[ContainerStatus, ...] | None = None


class Pod(Projection, frozen=True):
    metadata: Meta = Meta()
    spec: PodSpec | None = None
    status: PodStatus | None = None


class LabelRequirement(Projection, frozen=True):
    key: str | None = None
    operator: str | None = None
    values: tuple[str, ...] | None = None


class LabelSelector(Projection, frozen=True):
    match_labels: dict[str, str | None] | None = None
    match_expressions: tuple[LabelRequirement, ...] | None = None


class PodTemplate(Projection, frozen=True):
    metadata: Meta = Meta()
    spec: PodSpec | None = None


class RollingUpdate(Projection, frozen=True):
    max_surge: str | int | None = None
    max_unavailable: str | int | None = None
    partition: int | None = None


class UpdateStrategy(Projection, frozen=True):
    type: str | None = None
    rolling_update: RollingUpdate | None = None


class WorkloadSpec(Projection, frozen=True):
    replicas: int | None = None
    paused: bool | None = None
    selector: LabelSelector | None = None
    template: PodTemplate | None = None
    strategy: UpdateStrategy | None = None
    update_strategy: UpdateStrategy | None = None
    progress_deadline_seconds: int | None = None


class WorkloadStatus(Projection, frozen=True):
    """The union of Deployment, StatefulSet, DaemonSet and ReplicaSet status."""

    observed_generation: int | None = None
    replicas: int | None = None
    ready_replicas: int | None = None
    updated_replicas: int | None = None
    available_replicas: int | None = None
    unavailable_replicas: int | None = None
    current_replicas: int | None = None
    current_revision: str | None = None
    update_revision: str | None = None
    fully_labeled_replicas: int | None = None
    desired_number_scheduled: int | None = None
    current_number_scheduled: int | None = None
    updated_number_scheduled: int | None = None
    number_available: int | None = None
    number_ready: int | None = None
    conditions: tuple[Condition, ...] | None = None


class Workload(Projection, frozen=True):
    """A Deployment, StatefulSet, DaemonSet or ReplicaSet; `kind` is filled in by the reader."""

    metadata: Meta = Meta()
    kind: str | None = None
    spec: WorkloadSpec | None = None
    status: WorkloadStatus | None = None


class JobSpec(Projection, frozen=True):
    suspend: bool | None = None
    completions: int | None = None
    parallelism: int | None = None
    active_deadline_seconds: int | None = None
    schedule: str | None = None


class JobStatus(Projection, frozen=True):
    active: int | tuple[Any, ...] | None = None
    succeeded: int | None = None
    failed: int | None = None
    start_time: str | None = None
    completion_time: str | None = None
    last_schedule_time: str | None = None
    last_successful_time: str | None = None
    conditions: tuple[Condition, ...] | None = None


class Job(Projection, frozen=True):
    """A Job or CronJob."""

    metadata: Meta = Meta()
    kind: str | None = None
    spec: JobSpec | None = None
    status: JobStatus | None = None


class NodeSpec(Projection, frozen=True):
    unschedulable: bool | None = None


class NodeInfo(Projection, frozen=True):
    kubelet_version: str | None = None


class NodeStatus(Projection, frozen=True):
    conditions: tuple[Condition, ...] | None = None
    allocatable: dict[str, str | int | float | None] | None = None
    capacity: dict[str, str | int | float | None] | None = None
    node_info: NodeInfo | None = None


class Node(Projection, frozen=True):
    metadata: Meta = Meta()
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


class EventObject(Projection, frozen=True):
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None


class EventSeries(Projection, frozen=True):
    count: int | None = None
    last_observed_time: str | None = None


class EventSource(Projection, frozen=True):
    component: str | None = None


class Event(Projection, frozen=True):
    metadata: Meta = Meta()
    type: str | None = None
    reason: str | None = None
    message: str | None = None
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: EventSeries | None = None
    source: EventSource | None = None
    reporting_component: str | None = None
    involved_object: EventObject | None = None


class QuotaSpec(Projection, frozen=True):
    hard: dict[str, str | int | float | None] | None = None
    scopes: tuple[str, ...] | None = None


class QuotaStatus(Projection, frozen=True):
    hard: dict[str, str | int | float | None] | None = None
    used: dict[str, str | int | float | None] | None = None


class ResourceQuota(Projection, frozen=True):
    metadata: Meta = Meta()
    spec: QuotaSpec | None = None
    status: QuotaStatus | None = None


class ComponentKind(Projection, frozen=True):
    group: str | None = None
    kind: str | None = None


class Descriptor(Projection, frozen=True):
    type: str | None = None
    version: str | None = None
    description: str | None = None


class ApplicationSpec(Projection, frozen=True):
    assembly_phase: str | None = None
    component_kinds: tuple[ComponentKind, ...] | None = None
    selector: LabelSelector | None = None
    descriptor: Descriptor | None = None


class WorkloadsStatus(Projection, frozen=True):
    ready: int | None = None
    pending: int | None = None


class ApplicationStatus(Projection, frozen=True):
    """Upstream's `componentsReady` and ACP's extension (`state`, `totalComponents`, `workloadsStatus`)."""

    state: str | None = None
    components_ready: str | None = None
    total_components: int | None = None
    workloads_status: WorkloadsStatus | None = None
    conditions: tuple[Condition, ...] | None = None


class ApplicationObject(Projection, frozen=True):
    """applications.app.k8s.io/v1beta1."""

    metadata: Meta = Meta()
    spec: ApplicationSpec | None = None
    status: ApplicationStatus | None = None


class ClusterNames(Projection, frozen=True):
    names: tuple[str, ...] | None = None


class TargetClusters(Projection, frozen=True):
    """Clusters by name, or by labels that every one of them has."""

    cluster_names: ClusterNames | None = None
    cluster_labels: dict[str, Any] | None = None


class HelmRequestSpec(Projection, frozen=True):
    chart: str | None = None
    version: str | None = None
    cluster_name: str | None = None
    namespace: str | None = None
    release_name: str | None = None
    install_to_all_clusters: bool | None = None
    target_clusters: TargetClusters | None = None


class HelmRequestStatus(Projection, frozen=True):
    phase: str | None = None
    reason: str | None = None
    version: str | None = None
    conditions: tuple[Condition, ...] | None = None


class HelmRequest(Projection, frozen=True):
    """helmrequests.app.alauda.io: the desired state of a release that Captain keeps."""

    metadata: Meta = Meta()
    spec: HelmRequestSpec | None = None
    status: HelmRequestStatus | None = None


class ProjectCluster(Projection, frozen=True):
    name: str | None = None
    type: str | None = None
    quota: dict[str, str | int | float | None] | None = None


class ProjectSpec(Projection, frozen=True):
    clusters: tuple[ProjectCluster, ...] | None = None


class Project(Projection, frozen=True):
    """projects.auth.alauda.io: a tenant and its quota in each cluster."""

    metadata: Meta = Meta()
    spec: ProjectSpec | None = None
    status: ConditionsStatus | None = None
