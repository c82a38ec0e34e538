-- With its workspace.
INSERT INTO workspace_state (workspace) VALUES ($1)
