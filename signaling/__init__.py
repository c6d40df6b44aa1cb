"""The live side: what happened in a meeting goes down to every tablet, and the stage goes out to the relay."""
