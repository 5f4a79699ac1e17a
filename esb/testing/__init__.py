"""What the bus is tested with, shipped so that users and other implementations test with it too."""
