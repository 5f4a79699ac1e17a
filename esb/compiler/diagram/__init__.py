"""Pictures of routes: what runs where (topology) and what happens inside one, as Mermaid, SVG and text."""
