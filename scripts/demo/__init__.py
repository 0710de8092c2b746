"""The rendered demo catalog: garments, people, wording and simulated sales."""
