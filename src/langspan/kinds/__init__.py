"""What each kind of run is called and says: one record a kind, pure functions of plain data."""
