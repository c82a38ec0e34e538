-- Read once: the writer remembers which meters it has noted.
SELECT workspace, meter FROM used_meters
