"""The registry of actions: what a person can do, where, and with which keys unless a keymap says otherwise.

Bindings, hint line, help, palette, keymap checks and the manual are all made from `ACTIONS` and `PLACES`.
"""

from __future__ import annotations

from msgspec import Struct


class Action(Struct, frozen=True):
    """One thing to do. `context` names its table in a keymap file and is unique together with `id`.

    `hint` is its word in the hint line, empty for none. `danger` means that it opens a review before anything is
    done. A `required` action must keep a key in every keymap, because without it a person is stuck.
    """

    id: str
    context: str
    title: str
    help: str
    keys: tuple[str, ...] = ()
    hint: str = ""
    danger: bool = False
    required: bool = False

    @property
    def name(self) -> str:
        """Name over all contexts, as bindings and messages use it."""
        return f"{self.context}.{self.id}"

    @property
    def where(self) -> tuple[str, ...]:
        """The places in which it can be done."""
        return tuple(place for place, contexts in PLACES.items() if self.context in contexts)


CONTEXTS: dict[str, str] = {
    "global": "Everywhere",
    "workspace": "Workspace",
    "scroll": "Moving",
    "table": "Tables",
    "marks": "Marks",
    "tree": "Trees",
    "halves": "Several frames on one screen",
    "cluster": "Clusters",
    "release": "Releases",
    "object": "Objects",
    "operation": "Operations",
    "history": "History",
    "revision": "Revision",
    "text": "Text",
    "logs": "Logs",
    "doctor": "Doctor",
    "matrix": "Matrix",
    "rollout": "Rollout",
    "review": "Review",
    "run": "Run and verdict",
    "form": "Forms",
}

_OBJECT_PLACE = ("object", "marks", "table", "scroll", "workspace", "global")

PLACES: dict[str, tuple[str, ...]] = {
    "fleet": ("cluster", *_OBJECT_PLACE),
    "applications": ("release", *_OBJECT_PLACE),
    "releases": ("release", *_OBJECT_PLACE),
    "quotas": _OBJECT_PLACE,
    "activity": ("operation", "marks", "table", "scroll", "workspace", "global"),
    "objects": _OBJECT_PLACE,
    "tree": ("tree", "release", "object", "halves", "marks", "table", "scroll", "global"),
    "strip": ("history", "release", "halves", "marks", "table", "scroll", "global"),
    "history": ("history", "release", "marks", "table", "scroll", "global"),
    "revision": ("revision", "text", "scroll", "global"),
    "compare": ("text", "scroll", "global"),
    "text": ("text", "scroll", "global"),
    "logs": ("logs", "text", "scroll", "global"),
    "doctor": ("doctor", "table", "scroll", "global"),
    "matrix": ("matrix", "release", "table", "scroll", "global"),
    "rollout": ("rollout", "halves", "table", "scroll", "global"),
    "review": ("review", "halves", "table", "scroll", "global"),
    "run": ("run", "halves", "scroll", "global"),
    "deploy": ("form", "global"),
    "costs": ("table", "scroll", "global"),
    "help": ("scroll", "global"),
    "palette": ("scroll", "global"),
    "choose": ("marks", "table", "scroll", "global"),
}
"""Which contexts are alive together in a place, the narrowest first: two of them may not share a key."""

ACTIONS: tuple[Action, ...] = (
    # global
    Action("back", "global", "Back", "Close what is open, clear the filter, or go back", ("escape",), required=True),
    Action(
        "help",
        "global",
        "Help",
        "Every key that works here, and why one does not",
        ("?", "f1"),
        "keys",
        required=True,
    ),
    Action("palette", "global", "Palette", "Find any action by its name", ("ctrl+p",)),
    Action("goto", "global", "Go to", "A view, a kind, :ns NAMESPACE or :ctx CLUSTER", (":",), "go to"),
    Action("redraw", "global", "Redraw", "Paint the whole screen again", ("ctrl+l",)),
    Action("suspend", "global", "Suspend", "Give the terminal back to the shell; `fg` comes back", ("ctrl+z",)),
    Action("quit", "global", "Quit", "Leave acp-tui", ("q", "ctrl+c"), required=True),
    Action("theme", "global", "Next theme", "Switch to the next theme"),
    Action("costs", "global", "Costs", "The trace: requests, bytes, decoding, watches, stalls, frames", ("ctrl+t",)),
    # workspace
    Action("view_fleet", "workspace", "Fleet", "A row a cluster", ("1",)),
    Action("view_applications", "workspace", "Applications", "Applications of all clusters", ("2",)),
    Action("view_releases", "workspace", "Releases", "Helm releases of all clusters and stores", ("3",)),
    Action("view_quotas", "workspace", "Quotas", "Used and hard per namespace and project", ("4",)),
    Action("view_activity", "workspace", "Activity", "Running and past operations", ("7",)),
    Action("next_pane", "workspace", "Next pane", "Move to the next pane", ("tab",)),
    Action("previous_pane", "workspace", "Previous pane", "Move to the pane before", ("shift+tab",)),
    Action("zoom", "workspace", "Zoom", "One pane over the whole screen, or back", ("z",)),
    Action("split", "workspace", "Grid", "Add a pane, up to four; each has its own view, clusters and filter", ("g",)),
    Action("close_pane", "workspace", "Close pane", "Take this pane off the screen", ("X",)),
    Action("clusters", "workspace", "Choose clusters", "The clusters this pane shows", ("c",)),
    Action("all_clusters", "workspace", "All clusters", "Show every cluster and namespace in this pane", ("0",)),
    Action("detail", "workspace", "Detail strip", "Show or hide the lines about the row under the cursor", ("i",)),
    Action("deploy", "workspace", "Deploy", "Install a chart as a new release", ("I",), "deploy", danger=True),
    # scroll
    Action("up", "scroll", "Up", "One line up", ("up", "k"), required=True),
    Action("down", "scroll", "Down", "One line down", ("down", "j"), required=True),
    Action("page_up", "scroll", "Page up", "A screen up", ("pageup", "ctrl+u")),
    Action("page_down", "scroll", "Page down", "A screen down", ("pagedown", "ctrl+d")),
    Action("top", "scroll", "Top", "The first line", ("home",)),
    Action("bottom", "scroll", "Bottom", "The last line", ("end", "G")),
    Action("left", "scroll", "Left", "Columns to the left; in a tree: fold or go to the parent", ("left",)),
    Action("right", "scroll", "Right", "Columns to the right; in a tree: unfold", ("right",)),
    # table
    Action("open", "table", "Open", "Open the row under the cursor", ("enter",), "open", required=True),
    Action("filter", "table", "Filter", "Show the rows that hold these words; !word leaves out", ("/",), "filter"),
    Action("sort", "table", "Sort by next column", "Sort by the next column", ("s",)),
    Action("sort_back", "table", "Sort by column before", "Sort by the column before", ("S",)),
    Action("sort_reverse", "table", "Reverse order", "Turn the order round", ("r",)),
    Action("wide", "table", "All columns", "Show every column and move sideways, or fit the width again", ("w",)),
    # marks
    Action("mark", "marks", "Mark", "Mark the row under the cursor, or take its mark away", ("space",), "mark"),
    Action("mark_stretch", "marks", "Mark up to here", "Every row from the one marked last to this one", ("V",)),
    Action("mark_all", "marks", "Mark all", "Every row that is shown: what a filter leaves, for one", ("+",)),
    Action("unmark", "marks", "Unmark all", "Take all marks away", ("-",), "unmark"),
    Action(
        "copy_names",
        "marks",
        "Copy names",
        "Of the marked rows or of this one, a line each (OSC 52)",
        ("Y",),
        "copy names",
    ),
    Action("copy_rows", "marks", "Copy rows", "As they stand in the table, columns parted by tabs", ("T",)),
    # tree
    Action("fold", "tree", "Fold", "Close or open this branch", ("f",), "fold"),
    Action("fold_all", "tree", "Fold all", "Close all branches, or open all", ("*",)),
    Action("other_half", "halves", "Next frame", "Move to the next frame of the screen", ("tab", "shift+tab")),
    # cluster
    Action("cluster_applications", "cluster", "Its applications", "Applications of this cluster", ("a",), "its apps"),
    Action("cluster_releases", "cluster", "Its releases", "Releases of this cluster", ("h",), "its releases"),
    # release
    Action("history", "release", "History", "Its revisions, newest first", ("h",), "history"),
    Action(
        "rollback",
        "release",
        "Roll back",
        "Choose the revision to go back to, and review",
        ("b", "B"),
        "roll back",
        danger=True,
    ),
    Action(
        "upgrade", "release", "Upgrade", "Another chart, version or values, and review", ("U",), "upgrade", danger=True
    ),
    Action(
        "uninstall", "release", "Uninstall", "Take the release away, after a review", ("D",), "uninstall", danger=True
    ),
    Action("doctor", "release", "Doctor", "What ails it, who is at it, and the way out", ("x",)),
    Action("values", "release", "Values", "Values of the newest revision", ("v",)),
    Action("matrix", "release", "Matrix", "Releases down, clusters across, the cursor on this one", ("m",)),
    # object
    Action("yaml", "object", "YAML", "The object as YAML, secrets masked", ("y",), "YAML"),
    Action("describe", "object", "Describe", "What is known of it, with its events", ("d",), "describe"),
    Action("logs", "object", "Logs", "Logs of the pod", ("l",), "logs"),
    Action("logs_previous", "object", "Logs before", "Logs of the container that ran before", ("p",)),
    Action("events", "object", "Events", "What happened to the object, newest first", ("e",), "events"),
    # operation
    Action("cancel_operation", "operation", "Cancel", "Stop the running operation", ("C",), "cancel", danger=True),
    Action("rollout", "operation", "Rollout", "The rollout that this operation belongs to", ("O",)),
    # history, revision
    Action(
        "compare",
        "history",
        "Compare",
        "The two marked ones; this one with the marked one; or with the one before",
        ("d",),
        "compare",
    ),
    Action("next_tab", "revision", "Next tab", "Values, manifest, notes, hooks", ("tab",), "next tab"),
    Action("previous_tab", "revision", "Tab before", "Values, manifest, notes, hooks", ("shift+tab",)),
    Action(
        "all_values",
        "revision",
        "All values",
        "The chart's defaults below the user's values, or the user's alone",
        ("2", "a"),
        "all values",
    ),
    Action("user_values", "revision", "Values", "What was given on top of the chart's defaults", ("1",)),
    Action("manifest", "revision", "Manifest", "The objects of the revision", ("3",), "manifest"),
    Action("notes", "revision", "Notes", "What the chart says to its user", ("4",)),
    Action("hooks", "revision", "Hooks", "Jobs around the acts, and how they ended", ("5",)),
    Action("words", "revision", "Last words", "What its hooks and failing pods said while acp-tui acted", ("6",)),
    Action("reveal", "revision", "Show secrets", "Show what is masked here, or hide it again", ("x",), "secrets"),
    Action("compare_revision", "revision", "Compare", "This revision with the one before", ("d",), "compare"),
    # text, logs
    Action("search", "text", "Search", "Find words in the text", ("/",), "search"),
    Action("search_next", "text", "Next match", "Go to the next match; in a comparison, to the next change", ("n",)),
    Action("search_previous", "text", "Match before", "Go to the match or change before", ("N",)),
    Action("wrap", "text", "Wrap", "Break long lines, or cut them", ("w",), "wrap"),
    Action("copy", "text", "Copy", "Copy the whole text to the clipboard (OSC 52)", ("y",)),
    Action("save", "text", "Save", "Write the text to a file of your own", ("s",), "save"),
    Action("editor", "text", "Open in editor", "Open the text in $EDITOR", ("e",), "editor"),
    Action("follow", "logs", "Follow", "Stay at the newest line, or stop", ("f",), "follow"),
    Action("previous", "logs", "Previous", "The container that ran before, or the one that runs", ("p",), "previous"),
    Action("timestamps", "logs", "Times", "Show when each line was written, or hide it", ("t",)),
    Action("container", "logs", "Container", "Choose the next container", ("c",), "container"),
    # matrix, rollout
    Action("compare", "matrix", "Compare", "This cell with the marked one, or with the newest", ("d",), "compare"),
    Action("mark_cell", "matrix", "Mark", "Mark a cell to compare with, or take the mark away", ("space",), "mark"),
    Action("roll_out", "matrix", "Roll out", "Take this version to other clusters", ("O",), "roll out", danger=True),
    Action(
        "drift", "matrix", "Drift", "How the live objects differ from the record; again: of the row", ("f",), "drift"
    ),
    Action(
        "confirm",
        "rollout",
        "Run",
        "Begin with the first cluster; where it asks for words, go to the line to type them",
        ("y", "ctrl+y"),
        "run",
        danger=True,
    ),
    Action("take", "rollout", "In or out", "Take this cluster in, or leave it out", ("space",), "in/out"),
    Action("earlier", "rollout", "Earlier", "This cluster before the one above", ("<",)),
    Action("later", "rollout", "Later", "This cluster after the one below", (">",)),
    Action("values", "rollout", "Values", "Each cluster's own values, or those of the source", ("v",), "values"),
    Action("cancel_rollout", "rollout", "Stop", "Stop with the cluster that is under way", ("C",), "stop", danger=True),
    Action("go_on", "rollout", "Go on", "Review what is not done yet", ("n",), "go on", danger=True),
    Action("undo", "rollout", "Undo", "Review the way back, the last cluster first", ("u",), "undo", danger=True),
    # doctor, review, run
    Action(
        "put_back",
        "doctor",
        "Put back",
        "The records as they were before the last act",
        ("u",),
        "put back",
        danger=True,
    ),
    Action(
        "confirm",
        "review",
        "Run",
        "Run the plan; where it asks for a word, go to the line to type it",
        ("y", "ctrl+y"),
        "run",
        danger=True,
    ),
    Action("effect_diff", "review", "Diff", "The diff of the object under the cursor", ("d",), "diff"),
    Action("toggle_hooks", "review", "Hooks", "With or without hooks", ("h",), "hooks"),
    Action("take_over", "review", "Take over", "Take fields that others set since, or leave them theirs", ("o",)),
    Action("target", "review", "Other revision", "Choose another target revision", ("t",), "other revision"),
    Action("save_plan", "review", "Save plan", "Write the plan to a file", ("p",)),
    Action("cancel_run", "run", "Cancel", "Stop the operation", ("C",), "cancel", danger=True),
    Action("background", "run", "In background", "Leave it running and go on", ("b",), "in background"),
    Action("undo", "run", "Undo", "Review the act that takes this one back", ("u",), "undo", danger=True),
    # form
    Action("next_field", "form", "Next field", "Move to the next field", ("tab", "down")),
    Action("previous_field", "form", "Field before", "Move to the field before", ("shift+tab", "up")),
    Action("submit", "form", "Review", "Plan it and show the review", ("ctrl+y",), "review"),
    Action("edit_values", "form", "Edit values", "Write the values in $EDITOR", ("ctrl+o", "f4"), "edit values"),
)


_BY_CONTEXT = {context: tuple(action for action in ACTIONS if action.context == context) for context in CONTEXTS}
_BY_NAME = {action.name: action for action in ACTIONS}


def actions_of(context: str) -> tuple[Action, ...]:
    return _BY_CONTEXT[context]


def actions_at(place: str) -> tuple[Action, ...]:
    """What can be done in a place, the narrowest context first."""
    return tuple(action for context in PLACES[place] for action in actions_of(context))


def find(name: str) -> Action | None:
    """The action of a full name such as `release.rollback`."""
    return _BY_NAME.get(name)
