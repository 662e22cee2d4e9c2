package emulator

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// ways are the two that an emulator starts in.
var ways = map[string]Options{"a process of its own": {}, "a shared process": {Shared: true}}

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

func TestTheEmulatorListensOnTheLoopbackInterfaceAloneAndEndsWhenClosed(t *testing.T) {
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
	if _, err := cloudwatchlogs.NewFromConfig(account(started(t, Options{}))).DescribeLogGroups(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// A bucket's name is unique in all of AWS, so that emulators which share anything share this.
func TestEmulatorsInOneProcessShareNothing(t *testing.T) {
	first, second := started(t, Options{Shared: true}), started(t, Options{Shared: true})
	if first.process != second.process {
		t.Error("the second emulator has a process of its own")
	}
	for _, emulator := range []*Emulator{first, second} {
		identity, err := sts.NewFromConfig(account(emulator)).GetCallerIdentity(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if *identity.Account != Account {
			t.Errorf("the account is %s, want %s", *identity.Account, Account)
		}
		buckets := s3.NewFromConfig(account(emulator), func(options *s3.Options) { options.UsePathStyle = true })
		listed, err := buckets.ListBuckets(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(listed.Buckets) != 0 {
			t.Errorf("a new account has %d buckets, want none", len(listed.Buckets))
		}
		if _, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket:                    aws.String("media"),
			CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraintEuWest2},
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sts.NewFromConfig(account(second)).GetCallerIdentity(t.Context(), nil); err != nil {
		t.Errorf("one emulator ends with the other: %v", err)
	}
}

func TestAfterTheEndOfTheSharedProcessThereIsAnother(t *testing.T) {
	first := started(t, Options{Shared: true})
	first.process.stop()
	if err := first.Close(); err != nil {
		t.Errorf("an emulator that has ended cannot be closed: %v", err)
	}
	if second := started(t, Options{Shared: true}); second.process == first.process {
		t.Error("the second emulator is served by a process that has ended")
	}
}

func TestWhatThePythonSaysBeforeItEndsIsTold(t *testing.T) {
	folder := t.TempDir()
	python := filepath.Join(folder, "python")
	if err := os.WriteFile(python, []byte("#!/bin/sh\necho no module named moto >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Python: python})
	if err == nil || !strings.Contains(err.Error(), "no module named moto") || !strings.Contains(err.Error(), python) {
		t.Errorf("the error is %v", err)
	}
}

// TestTheEmulatorEndsWithTheProcess is also the process that ends: it then says that the emulator serves, and waits to
// be killed.
func TestTheEmulatorEndsWithTheProcess(t *testing.T) {
	if os.Getenv("KILLED_WITH_EMULATOR") != "" {
		// The emulator keeps the pipe open as well.
		started(t, Options{Held: os.Stdout})
		_, _ = os.Stdout.WriteString("serving\n")
		select {}
	}
	killed := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	killed.Env = append(os.Environ(), "KILLED_WITH_EMULATOR=1")
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	killed.Stdout = writer
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	output := bufio.NewReader(reader)
	if line, err := output.ReadString('\n'); line != "serving\n" {
		t.Errorf("the process says %q (%v)", line, err)
	}
	_ = killed.Process.Kill()
	_ = killed.Wait()
	// The pipe ends when nobody has it open any more.
	if rest, err := output.ReadString('\n'); err == nil {
		t.Errorf("the emulator says %q", rest)
	}
}

func TestTheEmulatorRemembersAllOfAService(t *testing.T) {
	client := ecs.NewFromConfig(account(started(t, Options{})))
	if _, err := client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("a")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("a"), ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("a"), Image: aws.String("a"), Memory: aws.Int32(128)}},
	}); err != nil {
		t.Fatal(err)
	}
	stored := func() string {
		described, err := client.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("a"), Services: []string{"a"}})
		if err != nil || len(described.Services) != 1 {
			t.Fatalf("the services are %+v (%v)", described, err)
		}
		service := described.Services[0]
		return fmt.Sprintf("%s %d %t %d", service.AvailabilityZoneRebalancing, aws.ToInt32(service.DeploymentConfiguration.MaximumPercent),
			service.EnableExecuteCommand, aws.ToInt32(service.HealthCheckGracePeriodSeconds))
	}
	if _, err := client.CreateService(t.Context(), &ecs.CreateServiceInput{
		Cluster: aws.String("a"), ServiceName: aws.String("a"), TaskDefinition: aws.String("a"),
		AvailabilityZoneRebalancing: ecstypes.AvailabilityZoneRebalancingEnabled, EnableExecuteCommand: true,
		DeploymentConfiguration:       &ecstypes.DeploymentConfiguration{MaximumPercent: aws.Int32(200)},
		HealthCheckGracePeriodSeconds: aws.Int32(60),
	}); err != nil {
		t.Fatal(err)
	}
	if got, want := stored(), "ENABLED 200 true 60"; got != want {
		t.Errorf("created is %s, want %s", got, want)
	}
	if _, err := client.UpdateService(t.Context(), &ecs.UpdateServiceInput{
		Cluster: aws.String("a"), Service: aws.String("a"), AvailabilityZoneRebalancing: ecstypes.AvailabilityZoneRebalancingDisabled,
		DeploymentConfiguration: &ecstypes.DeploymentConfiguration{MaximumPercent: aws.Int32(150)},
		EnableExecuteCommand:    aws.Bool(false), HealthCheckGracePeriodSeconds: aws.Int32(90),
	}); err != nil {
		t.Fatal(err)
	}
	if got, want := stored(), "DISABLED 150 false 90"; got != want {
		t.Errorf("updated is %s, want %s", got, want)
	}
}
