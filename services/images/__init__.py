"""Steps of the image builds; standard library only, run by the Dockerfiles of this project."""
