"""One file a step, oldest first. A step never imports the living schema: it must do tomorrow what it did today."""
