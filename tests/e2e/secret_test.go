package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

func TestTheJWTSecretIsInPlainTextInNoStateOutputOrLog(t *testing.T) {
	t.Parallel()
	var folder string
	d := newDeployment(t, func(options *sandbox.Options) { folder = options.Dir })
	d.Up("--diff", "--debug", "--logtostderr")
	d.Must("preview", "--diff", "--json")
	d.Must("preview", "--diff", "-c", "mediaserver:name=other", "--show-sames")
	d.Must("refresh", "--yes", "--diff", "--debug", "--logtostderr")
	d.Must("stack", "output", "--json")
	d.Must("stack")
	export := d.Must("stack", "export").Stdout

	parameter, err := d.Clients().SSM.GetParameter(t.Context(), &ssm.GetParameterInput{
		Name: aws.String("/mediaserver/jwt-secret"), WithDecryption: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	secret := *parameter.Parameter.Value
	if len(secret) != 32 {
		t.Fatalf("the secret has %d characters, want 32", len(secret))
	}
	if revealed := d.Must("stack", "export", "--show-secrets").Stdout; !sandboxtest.Reveals(revealed, secret) {
		t.Fatal("the search does not find the secret where it is on purpose, in an export with --show-secrets")
	}

	for name, text := range map[string]string{"the export": export, "what the CLI printed": d.Output()} {
		if name != "the export" {
			// The last export, which shows the secret on purpose, is not a part of the run.
			text = text[:strings.LastIndex(text, export)+len(export)]
		}
		if sandboxtest.Reveals(text, secret) {
			t.Errorf("the secret is in %s", name)
		}
	}
	sandboxtest.NoFileReveals(t, secret, "", folder)
}
