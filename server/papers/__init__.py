"""Papers as bytes: kept by content, checked, counted, turned into pages. Knows no meeting and no rights."""
