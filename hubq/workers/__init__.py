"""Workers: the programs that do stages, the environments they run in, and how they are started."""
