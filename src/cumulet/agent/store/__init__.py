"""The agent's own SQLite file: its journal, and the ledger of its disks. Nothing here is the control plane's business."""
