package tryimage

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestTheOwnCheckIsReadAsECSReadsIt(t *testing.T) {
	for name, each := range map[string]struct {
		check *ecstypes.HealthCheck
		want  OwnCheck
	}{
		"none":     {nil, OwnCheck{}},
		"disabled": {&ecstypes.HealthCheck{Command: []string{"NONE"}}, OwnCheck{}},
		"with ECS's numbers": {
			&ecstypes.HealthCheck{Command: []string{"CMD", "curl", "{x}"}},
			OwnCheck{Command: []string{"curl", "{x}"}, Timeout: 5 * time.Second, Limit: 90 * time.Second},
		},
		"with its own": {
			&ecstypes.HealthCheck{Command: []string{"CMD", "true"}, Interval: aws.Int32(10), Timeout: aws.Int32(2), Retries: aws.Int32(4), StartPeriod: aws.Int32(60)},
			OwnCheck{Command: []string{"true"}, Timeout: 2 * time.Second, Limit: 100 * time.Second},
		},
		"in a shell": {
			&ecstypes.HealthCheck{Command: []string{"CMD-SHELL", "curl x || exit 1"}},
			OwnCheck{Command: []string{"/bin/sh", "-c", "curl x || exit 1"}, Timeout: 5 * time.Second, Limit: 90 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := ownCheck(each.check)
			if !slices.Equal(got.Command, each.want.Command) || got.Timeout != each.want.Timeout || got.Limit != each.want.Limit {
				t.Errorf("got %+v, want %+v", got, each.want)
			}
		})
	}
}

func TestTheMatcherOfTheLoadBalancerIsUnderstood(t *testing.T) {
	for matcher, each := range map[string]struct{ accepted, refused []int }{
		"200":             {[]int{200}, []int{0, 201, 404}},
		"200,202":         {[]int{200, 202}, []int{201}},
		"200-299, 301":    {[]int{200, 250, 299, 301}, []int{199, 300, 302}},
		"":                {nil, []int{0, 200}},
		"200-,what,302-x": {nil, []int{200, 302}},
	} {
		check := LoadBalancerCheck{Matcher: matcher}
		for _, status := range each.accepted {
			if !check.accepts(status) {
				t.Errorf("%q does not accept %d", matcher, status)
			}
		}
		for _, status := range each.refused {
			if check.accepts(status) {
				t.Errorf("%q accepts %d", matcher, status)
			}
		}
	}
}

func TestThePlatformIsThatOfTheTasks(t *testing.T) {
	for want, platform := range map[string]*ecstypes.RuntimePlatform{
		"linux/amd64": nil,
		"linux/arm64": {CpuArchitecture: ecstypes.CPUArchitectureArm64},
	} {
		if got := platformOf(&ecstypes.TaskDefinition{RuntimePlatform: platform}); got != want {
			t.Errorf("%v is %s, want %s", platform, got, want)
		}
	}
	if got := platformOf(&ecstypes.TaskDefinition{RuntimePlatform: &ecstypes.RuntimePlatform{CpuArchitecture: ecstypes.CPUArchitectureX8664}}); got != "linux/amd64" {
		t.Errorf("X86_64 is %s", got)
	}
}

func TestTheContainerIsMadeAsTheDefinitionSays(t *testing.T) {
	plan := Plan{
		Platform: "linux/arm64", CPU: 4096, Memory: 8192, Port: 8080,
		Secrets: map[string]string{"JWT_SECRET": "a secret\nof two lines"},
		Container: ecstypes.ContainerDefinition{
			Memory:                 aws.Int32(4096),
			User:                   aws.String("1000:1000"),
			WorkingDirectory:       aws.String("/srv"),
			EntryPoint:             []string{"/bin/node", "--enable-source-maps"},
			Command:                []string{"server.js"},
			ReadonlyRootFilesystem: aws.Bool(true),
			PseudoTerminal:         aws.Bool(true),
			Interactive:            aws.Bool(true),
			StopTimeout:            aws.Int32(90),
			Ulimits:                []ecstypes.Ulimit{{Name: ecstypes.UlimitNameNofile, SoftLimit: 1024, HardLimit: 4096}},
			Environment:            []ecstypes.KeyValuePair{{Name: aws.String("AWS_ACCESS_KEY_ID"), Value: aws.String("its own")}},
			LinuxParameters: &ecstypes.LinuxParameters{Capabilities: &ecstypes.KernelCapabilities{
				Add: []string{"SYS_PTRACE"}, Drop: []string{"NET_RAW"},
			}},
		},
	}
	arguments, environment := plan.createArguments("app:built", surroundings{
		name: "try-image-1", processors: 2, hosts: []string{"a-host"},
		access: map[string]string{"AWS_ACCESS_KEY_ID": "the environment's", "AWS_ENDPOINT_URL": "http://172.17.0.1:5000"},
	})
	want := "create --pull never --platform linux/arm64 --name try-image-1 --label try-image=app:built --log-driver json-file " +
		"--publish 127.0.0.1::8080 --add-host a-host:host-gateway --cpus 2 --memory 4096m --memory-swap 4096m " +
		"--env AWS_ACCESS_KEY_ID=its own --env AWS_ENDPOINT_URL --env JWT_SECRET " +
		"--user 1000:1000 --workdir /srv --read-only --tty --interactive --ulimit nofile=1024:4096 --stop-timeout 90 " +
		"--cap-add SYS_PTRACE --cap-drop NET_RAW --entrypoint /bin/node app:built --enable-source-maps server.js"
	if got := strings.Join(arguments, " "); got != want {
		t.Errorf("docker is called with\n%s\nwant\n%s", got, want)
	}
	if want := []string{"AWS_ENDPOINT_URL=http://172.17.0.1:5000", "JWT_SECRET=a secret\nof two lines"}; !slices.Equal(environment, want) {
		t.Errorf("docker gets the variables %q, want %q", environment, want)
	}
}

func TestWhatIsLeftOutIsNamed(t *testing.T) {
	if got := leftOut(ecstypes.ContainerDefinition{}); got != "" {
		t.Errorf("nothing is %q", got)
	}
	got := leftOut(ecstypes.ContainerDefinition{
		MountPoints:      []ecstypes.MountPoint{{}},
		EnvironmentFiles: []ecstypes.EnvironmentFile{{}},
	})
	if got != "environmentFiles, mountPoints" {
		t.Errorf("got %q", got)
	}
}
