package acceptance

import (
	"context"
	"runtime"
	"slices"
	"strings"
)

// findVersions notes what the run works with. What cannot be found out is left out.
func (r *run) findVersions(ctx context.Context) {
	for _, each := range []struct {
		of      string
		command []string
	}{
		{"this repository", []string{"git", "describe", "--always", "--dirty"}},
		{"Pulumi CLI", []string{r.target.CLI, "version"}},
		{"AWS CLI", []string{"aws", "--version"}},
		{"Go", []string{"go", "env", "GOVERSION"}},
	} {
		result, err := r.stack.run(ctx, each.command[0], each.command[1:]...)
		if err == nil && result.code == 0 {
			r.versions = append(r.versions, [2]string{each.of, strings.TrimSpace(result.stdout)})
		}
	}
	r.versions = append(r.versions, [2]string{"machine", runtime.GOOS + "/" + runtime.GOARCH})
}

// findPlugins notes the versions of the providers, which the stack's state names once it is deployed.
func (r *run) findPlugins(ctx context.Context) error {
	if r.target.emulated() {
		r.versions = append(r.versions, [2]string{"plugins", "this repository's stand-ins"})
		return nil
	}
	state, err := r.stack.state(ctx)
	if err != nil {
		return err
	}
	for _, each := range state {
		plugin, isProvider := strings.CutPrefix(each.Type, "pulumi:providers:")
		version := [2]string{"plugin " + plugin, each.Inputs.Version}
		if isProvider && version[1] != "" && !slices.Contains(r.versions, version) {
			r.versions = append(r.versions, version)
		}
	}
	return nil
}
