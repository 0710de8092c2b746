"""The model layer of Fashion Diffusion. It runs without Streamlit."""
