package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mediaserver/tests/internal/acceptance"
	"mediaserver/tests/internal/faultproxy"
	"mediaserver/tests/internal/sandbox"
)

// inSandbox runs in a sandbox of its own, which ends with the run.
func inSandbox(ctx context.Context, abandon <-chan struct{}, chosen choices) int {
	root, err := locate()
	if err != nil {
		return cannotBegin(err)
	}
	if missing := missingTools("go"); len(missing) > 0 {
		return cannotBegin(errors.New("not on PATH: go"))
	}
	name := acceptance.NewName()
	folder := filepath.Join(root, ".acceptance", name)
	if chosen.report == "" {
		chosen.report = folder + ".md"
	}
	fmt.Printf("The acceptance run %s in a sandbox: an emulated AWS on this machine, with stand-ins for Pulumi's plugins.\n"+
		"It takes about half a minute and costs nothing. What needs running containers is left out. The steps:\n\n%s\n",
		name, acceptance.Steps())
	var proxy *faultproxy.Proxy
	running, err := sandbox.Start(ctx, sandbox.Options{
		Root: root, Dir: filepath.Join(folder, "sandbox"), Progress: os.Stderr,
		ProviderEndpoint: func(emulator string) (endpoint string, err error) {
			if proxy, err = faultproxy.Start(emulator); err != nil {
				return "", err
			}
			return proxy.URL(), nil
		},
	})
	if err != nil {
		return cannotBegin(err)
	}
	target := acceptance.InSandbox(running, proxy, name)
	result, err := acceptance.Run(ctx, target, acceptance.Options{
		Root: root, Folder: folder, Report: chosen.report, ShowAccount: chosen.showAccount, Output: os.Stdout, Abandon: abandon,
	})
	code := conclude(result, err, folder)
	for _, part := range []interface{ Close() error }{running, proxy} {
		if err := part.Close(); err != nil {
			fmt.Fprintf(os.Stderr, "acceptance: close the sandbox: %v\n", err)
		}
	}
	if err := os.RemoveAll(filepath.Join(folder, "sandbox")); err != nil {
		fmt.Fprintf(os.Stderr, "acceptance: remove the folder of the sandbox: %v\n", err)
	}
	if result.Remains {
		fmt.Println("The emulated account ended with the run, and with it what was left there.")
	}
	return code
}
