package main

import (
	"context"
	"os"
)

// serve is the sandbox process. The verb up starts it in the background, with its output in a file.
func serve(ctx context.Context, place place) error {
	options, err := place.options()
	if err != nil {
		return err
	}
	options.Log = os.Stderr
	return daemon{options.Dir}.serve(ctx, options)
}
