package gate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/display"

	"mediaserver/tests/internal/jq"
	"mediaserver/tests/internal/sandbox"
)

// repository is the folder of the program, seen from this package.
const repository = "../.."

// removedStorage takes the place of the program's storage.go: as if somebody had removed the
// bucket and its settings from the program, and kept what else uses its name.
const removedStorage = `package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

type storage struct{ bucketName, bucketArn pulumi.StringOutput }

func createStorage(*pulumi.Context, settings, randomValues) (storage, error) {
	return storage{
		bucketName: pulumi.String("elsewhere").ToStringOutput(),
		bucketArn:  pulumi.String("arn:aws:s3:::elsewhere").ToStringOutput(),
	}, nil
}
`

func TestRealPlansAreJudgedInTheSandbox(t *testing.T) {
	running, err := sandbox.Start(t.Context(), sandbox.Options{Root: repository, Dir: t.TempDir(), Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Errorf("close the sandbox: %v", err)
		}
	})
	preview := func(t *testing.T, stack *sandbox.Stack, arguments ...string) string {
		t.Helper()
		result, err := stack.Pulumi(t.Context(), append([]string{"preview", "--json"}, arguments...)...)
		if err != nil {
			t.Fatal(err)
		}
		return result.Stdout
	}
	installed := jq.Installed(t)
	judged := func(t *testing.T, plan string, arguments ...string) verdict {
		t.Helper()
		return judgeWith(t, installed, plan, nil, arguments...)
	}

	first := preview(t, &running.Stack)
	t.Run("the first plan passes", func(t *testing.T) {
		judged(t, first).expect(t, 0, "No dangerous change.")
	})
	t.Run("the gate knows every type of the stack, and no other", func(t *testing.T) {
		want := registeredTypes(t, first)
		if known := knownTypes(t); !slices.Equal(known, want) {
			t.Errorf("the gate knows\n%q\nthe stack registers\n%q", known, want)
		}
	})

	if result, err := running.Pulumi(t.Context(), "up", "--yes", "--skip-preview"); err != nil || result.ExitCode != 0 {
		t.Fatalf("pulumi up: %v, exit status %d\n%s%s", err, result.ExitCode, result.Stdout, result.Stderr)
	}
	t.Run("no change passes", func(t *testing.T) {
		result := judged(t, preview(t, &running.Stack))
		result.expect(t, 0, "No dangerous change.")
		if !strings.Contains(result.markdown, "### Plan: no changes") {
			t.Errorf("Markdown:\n%s", result.markdown)
		}
	})
	t.Run("a harmless change passes", func(t *testing.T) {
		result := judged(t, preview(t, &running.Stack, "-c", "mediaserver:imageTag=v2"))
		result.expect(t, 0, "No dangerous change.")
		if !strings.Contains(result.markdown, "| replace | mediaserver | aws:ecs/taskDefinition:TaskDefinition |") {
			t.Errorf("Markdown:\n%s", result.markdown)
		}
	})

	renamed := preview(t, &running.Stack, "-c", "mediaserver:name=renamed")
	t.Run("a changed name fails", func(t *testing.T) {
		result := judged(t, renamed)
		result.expect(t, 1, "refused")
		for _, each := range []struct{ name, resourceType, because string }{
			{"media-storage", "aws:s3/bucketV2:BucketV2", "bucket"},
			{"mediaserver", "aws:ecr/repository:Repository", "name"},
			{"mediaserver", "aws:lb/loadBalancer:LoadBalancer", "name"},
			{"mediaserver", "aws:lb/targetGroup:TargetGroup", "name"},
			{"alb", "aws:ec2/securityGroup:SecurityGroup", "name"},
			{"ecs-task-role", "aws:iam/role:Role", "name"},
			{"jwt-secret", "aws:ssm/parameter:Parameter", "name"},
			{"main", "aws:ecs/cluster:Cluster", "name"},
			{"mediaserver", "aws:ecs/service:Service", "name"},
			{"ecs-logs", "aws:cloudwatch/logGroup:LogGroup", "name"},
		} {
			if row := result.row(each.name, each.resourceType); !strings.Contains(row, "is replaced") || !strings.Contains(row, each.because) {
				t.Errorf("row of %s %s: %q", each.resourceType, each.name, row)
			}
		}
	})
	t.Run("a changed name that is allowed passes", func(t *testing.T) {
		var allowed []string
		for _, name := range []string{
			"media-storage", "mediaserver", "alb", "ecs-tasks", "main", "jwt-secret", "ecs-logs", "app-logs",
			"ecs-task-role", "ecs-task-execution-role", "ecs-task-s3-policy", "ecs-task-cloudwatch-policy", "ecs-task-execution-role-policy",
		} {
			allowed = append(allowed, "--allow", name)
		}
		judged(t, renamed, allowed...).expect(t, 0, "is replaced (allowed)")
		judged(t, renamed, allowed[2:]...).expect(t, 1, "refused")
	})

	// The CLI keeps the settings of a preview, so each names what the one before it changed.
	removed := preview(t, withoutStorage(t, &running.Stack), "-c", "mediaserver:name=mediaserver", "-c", "mediaserver:imageTag=latest")
	t.Run("a removed bucket fails", func(t *testing.T) {
		result := judged(t, removed)
		result.expect(t, 1, "refused")
		for _, setting := range guarded[:6] {
			if row := result.row(setting.name, setting.resourceType); !strings.Contains(row, "is deleted") {
				t.Errorf("row of %s: %q", setting.resourceType, row)
			}
		}
	})
	t.Run("a removed bucket that is allowed passes", func(t *testing.T) {
		judged(t, removed, "--allow", "media-storage").expect(t, 0, "is deleted (allowed)")
		judged(t, removed, "--allow", "aws:s3/bucketV2:BucketV2::media-storage").expect(t, 1, "refused")
	})

	t.Run("a preview that failed fails", func(t *testing.T) {
		judged(t, preview(t, &running.Stack, "-c", "mediaserver:cpu=1")).expect(t, 5, "cpu", "the preview reports errors")
	})
	t.Run("a streamed preview fails", func(t *testing.T) {
		command := running.Command(t.Context(), "--non-interactive", "preview", "--json", "-c", "mediaserver:cpu=256")
		command.Env = append(command.Env, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true")
		streamed, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		judged(t, string(streamed)).expect(t, 4, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW")
	})
	t.Run("a plan cut short fails", func(t *testing.T) {
		judged(t, renamed[:len(renamed)-10]).expect(t, 4, "cut short")
	})
	t.Run("the JWT secret is not shown", func(t *testing.T) {
		value := jwtSecret(t, &running.Stack)
		verdict := judged(t, renamed)
		if strings.Contains(verdict.stdout+verdict.stderr+verdict.markdown, value) {
			t.Error("it is")
		}
	})
}

// jwtSecret is the generated secret in plain text.
func jwtSecret(t *testing.T, stack *sandbox.Stack) string {
	t.Helper()
	result, err := stack.Pulumi(t.Context(), "stack", "export", "--show-secrets")
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Deployment struct {
			Resources []struct {
				Type    string
				Outputs struct{ Result json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal([]byte(result.Stdout), &state); err != nil {
		t.Fatalf("read the state: %v", err)
	}
	for _, resource := range state.Deployment.Resources {
		if resource.Type == "random:index/randomPassword:RandomPassword" {
			var shown struct{ Plaintext string }
			if err := json.Unmarshal(resource.Outputs.Result, &shown); err != nil {
				t.Fatalf("read the JWT secret: %v", err)
			}
			var secret string
			if err := json.Unmarshal([]byte(shown.Plaintext), &secret); err != nil || len(secret) != 32 {
				t.Fatalf("the JWT secret has %d characters (%v)", len(secret), err)
			}
			return secret
		}
	}
	t.Fatal("the state holds no JWT secret")
	return ""
}

// withoutStorage returns the stack with a copy of the program from which the bucket is removed.
func withoutStorage(t *testing.T, stack *sandbox.Stack) *sandbox.Stack {
	t.Helper()
	root := t.TempDir()
	for _, pattern := range []string{"*.go", "go.mod", "go.sum", "Pulumi.yaml"} {
		files, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(file) == "storage.go" {
				content = []byte(removedStorage)
			}
			if err := os.WriteFile(filepath.Join(root, filepath.Base(file)), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	changed := *stack
	changed.Root = root
	return &changed
}

// registeredTypes are the types of the managed resources in a plan, sorted, each once.
func registeredTypes(t *testing.T, plan string) []string {
	t.Helper()
	var preview display.PreviewDigest
	if err := json.Unmarshal([]byte(plan), &preview); err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, step := range preview.Steps {
		types = append(types, string(step.URN.Type()))
	}
	slices.Sort(types)
	if types = slices.Compact(types); len(types) < 20 {
		t.Fatalf("the plan registers %q only", types)
	}
	return types
}

// knownTypes are the types that the gate's own list names, sorted.
func knownTypes(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(repository, "scripts", "plan-gate"))
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(source), "<<'JSON'\n")
	list, _, _ = strings.Cut(list, "\nJSON\n")
	var knowledge struct {
		Dangerous map[string]string
		Harmless  []string
	}
	if err := json.Unmarshal([]byte(list), &knowledge); err != nil {
		t.Fatalf("read the list of the gate: %v", err)
	}
	types := slices.Clone(knowledge.Harmless)
	for each := range knowledge.Dangerous {
		types = append(types, each)
	}
	slices.Sort(types)
	return types
}
