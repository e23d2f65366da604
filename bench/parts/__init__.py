"""What several benchmarks share: servers in processes of their own, people at their pages, recorded work."""
