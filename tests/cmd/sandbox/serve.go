package main

import (
	"context"
	"flag"
	"os"

	"mediaserver/tests/internal/daemon"
	"mediaserver/tests/internal/sandbox"
)

// serve is the sandbox process. The verb up starts it in the background, with its output in a file.
func serve(ctx context.Context, place place, arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	cli := flags.String("cli", "", "path of the Pulumi CLI; found or built if empty")
	python := flags.String("python", "", "path of the Python that serves the emulator; found or installed if empty")
	plugins := flags.String("plugins", string(sandbox.StandIn), "whose plugins: stand-in or official")
	if err := flags.Parse(arguments); err != nil {
		return exitStatus(2)
	}
	return daemon.Daemon{Dir: place.dir()}.Serve(ctx, sandbox.Options{
		Root:       place.root,
		Dir:        place.dir(),
		BinDir:     place.bin(),
		ToolModule: place.tests(),
		CLI:        *cli,
		Python:     *python,
		Plugins:    sandbox.Plugins(*plugins),
		Log:        os.Stderr,
		Progress:   os.Stderr,
	})
}
