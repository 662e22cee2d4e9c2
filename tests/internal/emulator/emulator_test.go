package emulator

import (
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ways are the two that an emulator starts in.
var ways = map[string]Options{"a process of its own": {}, "a fork": {Fork: true}}

func started(t *testing.T, options Options) *Emulator {
	t.Helper()
	options.BinDir = t.TempDir()
	emulator, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emulator.Close() })
	return emulator
}

// account is the emulated AWS account.
func account(emulator *Emulator) aws.Config {
	return aws.Config{
		Region:       "eu-west-2",
		BaseEndpoint: aws.String(emulator.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

func TestTheEmulatorListensOnTheLoopbackInterfaceAndEndsWhenClosed(t *testing.T) {
	for way, options := range ways {
		t.Run(way, func(t *testing.T) {
			emulator := started(t, options)
			address, err := url.Parse(emulator.URL())
			if err != nil {
				t.Fatal(err)
			}
			if host := address.Hostname(); host != "127.0.0.1" {
				t.Errorf("the emulator is at %s, want 127.0.0.1", host)
			}
			if err := emulator.Close(); err != nil {
				t.Fatal(err)
			}
			if connection, err := net.Dial("tcp", address.Host); err == nil {
				connection.Close()
				t.Errorf("%s still accepts connections after Close", address.Host)
			}
		})
	}
}

func TestTheUsersOwnAWSSettingsDoNotReachTheEmulator(t *testing.T) {
	t.Setenv("AWS_PROFILE", "a-profile-that-does-not-exist")
	for way, options := range ways {
		t.Run(way, func(t *testing.T) {
			emulator := started(t, options)
			if _, err := cloudwatchlogs.NewFromConfig(account(emulator)).DescribeLogGroups(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestForksShareNothingAndWriteToTheirOwnLogs(t *testing.T) {
	var groups, logs []string
	for _, name := range []string{"first", "second"} {
		log, err := os.Create(filepath.Join(t.TempDir(), "log"))
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		client := ec2.NewFromConfig(account(started(t, Options{Fork: true, Log: log})))
		before, err := client.DescribeSecurityGroups(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(before.SecurityGroups) != 1 {
			t.Errorf("the %s account has %d security groups, want the default one alone", name, len(before.SecurityGroups))
		}
		created, err := client.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
			GroupName: aws.String(name), Description: aws.String(name),
		})
		if err != nil {
			t.Fatal(err)
		}
		groups = append(groups, aws.ToString(created.GroupId))
		written, err := os.ReadFile(log.Name())
		if err != nil {
			t.Fatal(err)
		}
		logs = append(logs, string(written))
	}
	if groups[0] == groups[1] {
		t.Errorf("both accounts gave the identifier %s", groups[0])
	}
	if !strings.Contains(logs[0], "POST") || strings.Count(logs[0], "\n") != strings.Count(logs[1], "\n") {
		t.Errorf("the logs are\n%s\nand\n%s", logs[0], logs[1])
	}
}

func TestWhatAForkSaysBeforeItAnswersIsTold(t *testing.T) {
	python, err := Locate(t.Context(), t.TempDir(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	emulator, said, err := fork(python, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	<-emulator.Exited()
	if text := said.String(); !strings.Contains(text, "not a socket") && !strings.Contains(text, "non-socket") {
		t.Errorf("a fork that cannot serve on a file says %q", text)
	}
}

func TestForksComeFromOneProcessAndFromAnotherWhenThatIsGone(t *testing.T) {
	python, err := Locate(t.Context(), t.TempDir(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	started(t, Options{Fork: true, Python: python})
	first := templates.running[python]
	started(t, Options{Fork: true, Python: python})
	if templates.running[python] != first {
		t.Error("the second emulator comes from a process of its own")
	}
	first.Close()
	started(t, Options{Fork: true, Python: python})
	if templates.running[python] == first {
		t.Error("the third emulator comes from a process that is gone")
	}
}

func TestAServiceKeepsItsGracePeriod(t *testing.T) {
	client := ecs.NewFromConfig(account(started(t, Options{})))
	if _, err := client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("a")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("a"), ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("a"), Image: aws.String("a"), Memory: aws.Int32(128)}},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateService(t.Context(), &ecs.CreateServiceInput{
		Cluster: aws.String("a"), ServiceName: aws.String("a"), TaskDefinition: aws.String("a"), HealthCheckGracePeriodSeconds: aws.Int32(60),
	}); err != nil {
		t.Fatal(err)
	}
	for _, change := range []*int32{nil, aws.Int32(90)} {
		want := int32(60)
		if change != nil {
			want = *change
			if _, err := client.UpdateService(t.Context(), &ecs.UpdateServiceInput{
				Cluster: aws.String("a"), Service: aws.String("a"), HealthCheckGracePeriodSeconds: change,
			}); err != nil {
				t.Fatal(err)
			}
		}
		described, err := client.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("a"), Services: []string{"a"}})
		if err != nil || len(described.Services) != 1 || aws.ToInt32(described.Services[0].HealthCheckGracePeriodSeconds) != want {
			t.Errorf("the services are %+v (%v), want a grace period of %d s", described, err, want)
		}
	}
}
