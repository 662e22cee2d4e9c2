package policies

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"mediaserver/tests/internal/sandbox"
)

// recorder stands between the aws provider and the emulator and notes each API operation as
// the IAM action of that name. Amazon S3 is left out: its operations are not named in requests.
type recorder struct {
	forward *httputil.ReverseProxy
	mutex   sync.Mutex
	actions map[string]bool
}

// scope is the service in the credential that signs a request.
var scope = regexp.MustCompile(`Credential=[^/]+/[0-9]+/[^/]+/([^/]+)/`)

// prefixes are the services whose IAM prefix is not the name that they sign with.
var prefixes = map[string]string{"monitoring": "cloudwatch"}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	if found := scope.FindStringSubmatch(request.Header.Get("Authorization")); found != nil && found[1] != "s3" {
		service := found[1]
		if prefix, other := prefixes[service]; other {
			service = prefix
		}
		r.mutex.Lock()
		r.actions[service+":"+operation(request, body)] = true
		r.mutex.Unlock()
	}
	r.forward.ServeHTTP(w, request)
}

// operation is the API operation of a request in the JSON, the RPC and the query protocol.
func operation(request *http.Request, body []byte) string {
	if target := request.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	if strings.Contains(request.URL.Path, "/operation/") {
		return path.Base(request.URL.Path)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "unknown"
	}
	return form.Get("Action")
}

// managed is what the tests read of one resource in the stack's state.
type managed struct {
	URN     string
	Type    string
	Custom  bool
	Outputs map[string]any
}

func TestThePoliciesFitTheStackInTheSandbox(t *testing.T) {
	calls := &recorder{actions: map[string]bool{}}
	running, err := sandbox.Start(t.Context(), sandbox.Options{
		Root: "../..", Dir: t.TempDir(), Progress: os.Stderr,
		ProviderEndpoint: func(emulator string) (string, error) {
			target, err := url.Parse(emulator)
			if err != nil {
				return "", err
			}
			calls.forward = httputil.NewSingleHostReverseProxy(target)
			server := httptest.NewServer(calls)
			t.Cleanup(server.Close)
			return server.URL, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Errorf("close the sandbox: %v", err)
		}
	})
	pulumi := func(arguments ...string) string {
		t.Helper()
		result, err := running.Pulumi(t.Context(), arguments...)
		if err != nil || result.ExitCode != 0 {
			t.Fatalf("pulumi %s: %v, exit status %d\n%s%s", strings.Join(arguments, " "), err, result.ExitCode, result.Stdout, result.Stderr)
		}
		return result.Stdout
	}
	made := func() []string {
		calls.mutex.Lock()
		defer calls.mutex.Unlock()
		var actions []string
		for action := range calls.actions {
			actions = append(actions, action)
		}
		clear(calls.actions)
		slices.Sort(actions)
		return actions
	}

	t.Run("IAM accepts every document", func(t *testing.T) {
		client := iam.New(iam.Options{
			Region: sandbox.Region, BaseEndpoint: aws.String(running.Endpoint()),
			Credentials: credentials.NewStaticCredentialsProvider(sandbox.AccessKey, sandbox.SecretKey, ""),
		})
		names, err := filepath.Glob(filepath.Join(folder, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range names {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimSuffix(filepath.Base(path), ".json")
			text := strings.NewReplacer("ACCOUNT_ID", sandbox.Account, "REGION", sandbox.Region, "STATE_BUCKET", "state", "KMS_KEY_ID", "key").Replace(string(content))
			if strings.HasPrefix(name, "trust-") {
				_, err = client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &text})
			} else {
				_, err = client.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: &text})
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})

	pulumi("preview")
	t.Run("a preview makes only calls that the preview may make", func(t *testing.T) {
		actions := made()
		if len(actions) < 4 {
			t.Fatalf("recorded %q", actions)
		}
		if missing := lacking(granted(t, previewer...), actions); len(missing) > 0 {
			t.Errorf("not granted: %q", missing)
		}
	})

	pulumi("up", "--yes", "--skip-preview")
	made()
	pulumi("preview", "--refresh")
	t.Run("a preview with refresh makes only calls that the preview may make", func(t *testing.T) {
		actions := made()
		if len(actions) < 20 {
			t.Fatalf("recorded %q", actions)
		}
		if missing := lacking(granted(t, previewer...), actions); len(missing) > 0 {
			t.Errorf("not granted: %q", missing)
		}
	})

	var state struct {
		Deployment struct{ Resources []managed }
	}
	if err := json.Unmarshal([]byte(pulumi("stack", "export")), &state); err != nil {
		t.Fatal(err)
	}
	t.Run("every type has its needs, and every need has a type", func(t *testing.T) {
		var registered, stated []string
		for _, resource := range state.Deployment.Resources {
			if resource.Custom && !strings.HasPrefix(resource.Type, "pulumi:") {
				registered = append(registered, resource.Type)
			}
		}
		for resourceType := range needed {
			stated = append(stated, resourceType)
		}
		if registered, stated = sorted(registered), sorted(stated); !slices.Equal(registered, stated) {
			t.Errorf("without needs: %q; without a resource: %q", lacking(stated, registered), lacking(registered, stated))
		}
	})
	t.Run("the grants reach what exists", func(t *testing.T) {
		var checked int
		for _, resource := range state.Deployment.Resources {
			arn, _ := resource.Outputs["arn"].(string)
			if dashboard, _ := resource.Outputs["dashboardArn"].(string); dashboard != "" {
				arn = dashboard
			}
			if arn == "" || resource.Type == "aws:appautoscaling/policy:Policy" || resource.Type == "aws:appautoscaling/target:Target" {
				continue
			}
			checked++
			for _, action := range slices.Concat(needed[resource.Type].create, needed[resource.Type].remove) {
				if mayReach(t, action, arn) {
					continue
				}
				t.Errorf("%s is not granted on %s", action, arn)
			}
		}
		if checked < 15 {
			t.Errorf("only %d resources have an ARN", checked)
		}
	})

	t.Run("security groups carry the tag that their grants ask for", func(t *testing.T) {
		var checked int
		for _, resource := range state.Deployment.Resources {
			if resource.Type != "aws:ec2/securityGroup:SecurityGroup" {
				continue
			}
			checked++
			if tags, _ := resource.Outputs["tagsAll"].(map[string]any); tags["Project"] != "mediaserver" {
				t.Errorf("%s has the tags %v", resource.URN, tags)
			}
		}
		if checked != 2 {
			t.Errorf("found %d security groups", checked)
		}
	})

	t.Run("up and destroy make only calls that up may make", func(t *testing.T) {
		made()
		pulumi("up", "--yes", "--skip-preview", "-c", "mediaserver:imageTag=v2", "-c", "mediaserver:logRetentionDays=90", "-c", "mediaserver:scaleUpCpu=75")
		pulumi("destroy", "--yes", "--skip-preview")
		pulumi("up", "--yes", "--skip-preview")
		actions := made()
		if len(actions) < 50 {
			t.Fatalf("recorded %d actions: %q", len(actions), actions)
		}
		// The stand-in looks for revisions that a run left behind; the official provider does not.
		may := append(granted(t, deployer...), "ecs:ListTaskDefinitions")
		if missing := lacking(may, actions); len(missing) > 0 {
			t.Errorf("not granted: %q", missing)
		}
	})
}

// mayReach tells whether the documents for `up` grant the action on the resource, or on something
// that the action reaches besides it: another resource that has a grant of its own.
func mayReach(t *testing.T, action, arn string) bool {
	t.Helper()
	service := strings.Split(arn, ":")[2]
	if prefix, _, _ := strings.Cut(action, ":"); prefix != service {
		return true
	}
	// Objects are below the bucket.
	if action == "s3:DeleteObject" || action == "s3:DeleteObjectVersion" {
		arn += "/film.mp4"
	}
	placeholders := strings.NewReplacer("ACCOUNT_ID", sandbox.Account, "REGION", sandbox.Region)
	for _, each := range statements(t, deployer...) {
		if !slices.Contains(each.Action, action) {
			continue
		}
		for _, pattern := range each.Resource {
			quoted := regexp.QuoteMeta(placeholders.Replace(pattern))
			if regexp.MustCompile("^" + strings.ReplaceAll(quoted, `\*`, ".*") + "$").MatchString(arn) {
				return true
			}
		}
	}
	return false
}
