package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"mediaserver/tests/internal/readback"
	"mediaserver/tools/shellword"
)

// byName are the commands that delete by name what Pulumi does not know of.
//
//go:embed take-away.sh
var byName string

// script destroys everything, in an order that works.
func (r *run) script() string {
	pulumi := shellword.Quote(r.target.CLI)
	settings := " --config-file " + shellword.Quote(r.target.SettingsFile)
	return strings.Join([]string{
		"cd " + shellword.Quote(r.Root),
		strings.TrimSuffix(r.target.Exports, "\n"),
		pulumi + " cancel --yes || true",
		pulumi + " refresh --yes --skip-preview --clear-pending-creates" + settings + " || true",
		pulumi + " destroy --yes --skip-preview" + settings + " || true",
		"name=" + r.target.Name,
		byName,
	}, "\n")
}

// scriptPath is where the script is. It is written before anything is created, for a run that is killed.
func (r *run) scriptPath() string { return filepath.Join(r.Folder, "take-away.sh") }

func (r *run) writeScript() error {
	if err := os.WriteFile(r.scriptPath(), []byte(r.script()), 0o600); err != nil {
		return fmt.Errorf("write the commands that destroy everything: %w", err)
	}
	return nil
}

// takeAway destroys the stack and looks for what is left, unless the run is abandoned.
func (r *run) takeAway(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-r.Abandon:
			cancel()
		case <-ctx.Done():
		}
	}()
	r.remains = true
	for _, step := range lastSteps {
		r.perform(ctx, step)
	}
}

// destroy destroys the stack. A run that was stopped may have left a lock, and operations whose end the state does not know;
// AWS refuses some deletions only for a while. So a second attempt first clears up the former.
func (r *run) destroy(ctx context.Context) (string, error) {
	arguments := []string{"destroy", "--yes", "--skip-preview"}
	_, first := r.stack.must(ctx, arguments...)
	if first == nil {
		return "", nil
	}
	for _, again := range [][]string{
		{"cancel", "--yes"},
		{"refresh", "--yes", "--skip-preview", "--clear-pending-creates"},
		arguments,
	} {
		if _, err := r.stack.must(ctx, again...); err != nil {
			return "", err
		}
	}
	return "at the second attempt; the first: " + first.Error(), nil
}

// patientLooks is how often to look at the account before what is left counts: AWS takes a moment to delete.
const patientLooks = 12

// clearLeftovers removes what a stack leaves on purpose, and then looks for anything else.
func (r *run) clearLeftovers(ctx context.Context) (string, error) {
	revisions, err := r.deleteRevisions(ctx)
	if err != nil {
		return "", err
	}
	looks := 0
	var found error
	if err := r.await(ctx, func() error {
		// ECS may still write what it measured, and so make the group again.
		if err := r.deleteInsights(ctx); err != nil {
			return err
		}
		left, err := r.left(ctx)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%d things are left:\n%s", len(left), strings.Join(left, "\n"))
		}
		if looks++; looks == patientLooks {
			found = err
			return nil
		}
		return err
	}); err != nil {
		return "", err
	}
	r.remains = found != nil
	return fmt.Sprintf("removed what a stack leaves: %d revisions of the task definition, the log group of Container Insights", revisions), found
}

// left is what AWS still has of the stack. Its bucket is found by the beginning of its name, which has a part that only
// the stack's outputs tell.
func (r *run) left(ctx context.Context) ([]string, error) {
	found, err := r.clients.S3.ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil {
		return nil, fmt.Errorf("list the buckets: %w", err)
	}
	stack := r.deployed()
	stack.Outputs = map[string]any{}
	for _, bucket := range found.Buckets {
		if strings.HasPrefix(aws.ToString(bucket.Name), r.target.Name+"-storage-") {
			stack.Outputs["bucketName"] = *bucket.Name
		}
	}
	return readback.Left(ctx, r.clients, stack)
}

// deleteInsights deletes the log group that ECS creates for Container Insights, which belongs to no stack.
func (r *run) deleteInsights(ctx context.Context) error {
	_, err := r.clients.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{
		LogGroupName: aws.String("/aws/ecs/containerinsights/" + r.target.Name + "-cluster/performance"),
	})
	if err != nil && !readback.IsMissing(err) {
		return fmt.Errorf("delete the log group of Container Insights: %w", err)
	}
	return nil
}

// deleteRevisions deregisters and deletes all revisions of the run's task definition, which a stack keeps, and returns
// their number.
func (r *run) deleteRevisions(ctx context.Context) (count int, err error) {
	for _, status := range []types.TaskDefinitionStatus{types.TaskDefinitionStatusActive, types.TaskDefinitionStatusInactive} {
		pages := ecs.NewListTaskDefinitionsPaginator(r.clients.ECS, &ecs.ListTaskDefinitionsInput{FamilyPrefix: &r.target.Name, Status: status})
		var revisions []string
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return 0, fmt.Errorf("list the revisions of the task definition: %w", err)
			}
			revisions = append(revisions, page.TaskDefinitionArns...)
		}
		for _, revision := range revisions {
			if status == types.TaskDefinitionStatusActive {
				_, err = r.clients.ECS.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &revision})
			} else {
				err = r.deleteRevision(ctx, revision)
				count++
			}
			if err != nil {
				return 0, fmt.Errorf("delete %s: %w", revision, err)
			}
		}
	}
	return count, nil
}

func (r *run) deleteRevision(ctx context.Context, revision string) error {
	deleted, err := r.clients.ECS.DeleteTaskDefinitions(ctx, &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{revision}})
	if err != nil {
		return err
	}
	for _, failure := range deleted.Failures {
		return errors.New(aws.ToString(failure.Reason))
	}
	return nil
}
