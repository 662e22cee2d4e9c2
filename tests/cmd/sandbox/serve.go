package main

import (
	"context"
	"os"

	"mediaserver/tests/internal/daemon"
)

// serve is the sandbox process. The verb up starts it in the background, with its output in a file.
func serve(ctx context.Context, place place) error {
	options, err := place.options()
	if err != nil {
		return err
	}
	options.Log = os.Stderr
	return daemon.Daemon{Dir: options.Dir}.Serve(ctx, options)
}
