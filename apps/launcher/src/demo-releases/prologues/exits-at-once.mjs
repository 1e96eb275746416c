// Demo fault: a build that ends as soon as it is started as a service. Its other subcommands work, as they would in a real one.
if (process.argv[2] === 'run') process.exit(1);
