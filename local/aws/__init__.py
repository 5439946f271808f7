"""AWS on this machine: one moto process, with what moto lacks or gets wrong added to it."""
