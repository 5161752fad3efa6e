"""Speed and memory: workloads and the measures read from them."""
