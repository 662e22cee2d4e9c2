package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
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
	pulumi := shellword.Quote(r.CLI)
	return strings.Join([]string{
		"cd " + shellword.Quote(r.Folder),
		strings.TrimSuffix(r.Environment.Exports(), "\n"),
		pulumi + " cancel --yes || true",
		pulumi + " refresh --yes --skip-preview --clear-pending-creates || true",
		pulumi + " destroy --yes --skip-preview || true",
		"name=" + r.Name,
		byName,
	}, "\n")
}

func (r *run) scriptPath() string { return filepath.Join(r.Folder, "take-away.sh") }

// destroy destroys the stack. A run that was stopped may have left a lock, and operations whose end the state does not know;
// AWS refuses some deletions only for a while. So a second attempt first clears up the former.
func (r *run) destroy(ctx context.Context) (string, error) {
	arguments := []string{"destroy", "--yes", "--skip-preview"}
	_, first := r.pulumi(ctx, arguments...)
	if first == nil {
		return "", nil
	}
	for _, again := range [][]string{
		{"cancel", "--yes"},
		{"refresh", "--yes", "--skip-preview", "--clear-pending-creates"},
		arguments,
	} {
		if _, err := r.pulumi(ctx, again...); err != nil {
			return "", err
		}
	}
	return "at the second attempt; the first: " + first.Error(), nil
}

// clearLeftovers removes what a stack leaves on purpose, and then looks for anything else. AWS takes a moment to delete.
func (r *run) clearLeftovers(ctx context.Context) (string, error) {
	revisions, err := r.deleteRevisions(ctx)
	if err != nil {
		return "", err
	}
	patient, cancel := context.WithTimeoutCause(ctx, 12*r.Patience, errors.New("not all is gone"))
	defer cancel()
	if err := r.await(patient, func() error {
		// ECS may still write what it measured, and so make the group again.
		if err := r.deleteInsights(ctx); err != nil {
			return err
		}
		left, err := r.left(ctx)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%d things are left:\n%s", len(left), strings.Join(left, "\n"))
		}
		return err
	}); err != nil {
		return "", err
	}
	r.remains = false
	return fmt.Sprintf("removed what a stack leaves: %d revisions of the task definition, the log group of Container Insights", revisions), nil
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
		if strings.HasPrefix(aws.ToString(bucket.Name), r.Name+"-storage-") {
			stack.Outputs["bucketName"] = *bucket.Name
		}
	}
	return readback.Left(ctx, r.clients, stack)
}

// deleteInsights deletes the log group that ECS creates for Container Insights, which belongs to no stack.
func (r *run) deleteInsights(ctx context.Context) error {
	_, err := r.clients.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{
		LogGroupName: aws.String("/aws/ecs/containerinsights/" + r.Name + "-cluster/performance"),
	})
	if err != nil && !readback.IsMissing(err) {
		return fmt.Errorf("delete the log group of Container Insights: %w", err)
	}
	return nil
}

// deleteRevisions deletes all revisions of the run's task definition, which a stack keeps, and returns their number.
func (r *run) deleteRevisions(ctx context.Context) (count int, err error) {
	var revisions []string
	pages := ecs.NewListTaskDefinitionsPaginator(r.clients.ECS, &ecs.ListTaskDefinitionsInput{FamilyPrefix: &r.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("list the revisions of the task definition: %w", err)
		}
		revisions = append(revisions, page.TaskDefinitionArns...)
	}
	for _, revision := range revisions {
		if _, err := r.clients.ECS.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &revision}); err != nil {
			return 0, fmt.Errorf("deregister %s: %w", revision, err)
		}
		deleted, err := r.clients.ECS.DeleteTaskDefinitions(ctx, &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{revision}})
		if err == nil && len(deleted.Failures) > 0 {
			err = errors.New(aws.ToString(deleted.Failures[0].Reason))
		}
		if err != nil {
			return 0, fmt.Errorf("delete %s: %w", revision, err)
		}
	}
	return len(revisions), nil
}
