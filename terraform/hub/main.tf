# Made from the templates of CloudFormation by `make templates`.

resource "aws_cloudformation_stack" "application" {
  name          = "${var.Prefix}-application"
  template_body = file("${path.module}/../../src/lamplighter/deploy/templates/application.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]

  parameters = {
    Prefix  = var.Prefix
    Version = var.Version
    BuiltAt = var.BuiltAt
  }
}

resource "aws_cloudformation_stack" "state" {
  name          = "${var.Prefix}-state"
  template_body = file("${path.module}/../../src/lamplighter/deploy/templates/state.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]

  parameters = {
    Prefix         = var.Prefix
    ApplicationId  = aws_cloudformation_stack.application.outputs["ApplicationId"]
    ApplicationTag = aws_cloudformation_stack.application.outputs["ApplicationTag"]
    ExistingKeyArn = var.ExistingKeyArn
    RecoveryDays   = var.RecoveryDays
    NoncurrentDays = var.NoncurrentDays
    AnswerDays     = var.AnswerDays
    QuarantineDays = var.QuarantineDays
  }
}

resource "aws_cloudformation_stack" "lake" {
  name          = "${var.Prefix}-lake"
  template_body = file("${path.module}/../../src/lamplighter/deploy/templates/lake.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]

  parameters = {
    Prefix              = var.Prefix
    ApplicationId       = aws_cloudformation_stack.application.outputs["ApplicationId"]
    ApplicationTag      = aws_cloudformation_stack.application.outputs["ApplicationTag"]
    KeyArn              = aws_cloudformation_stack.state.outputs["KeyArn"]
    LakeBucket          = aws_cloudformation_stack.state.outputs["LakeBucket"]
    FirstMonth          = var.FirstMonth
    MostBytesOfQuestion = var.MostBytesOfQuestion
  }
}

resource "aws_cloudformation_stack" "hub" {
  name          = "${var.Prefix}-hub"
  template_body = file("${path.module}/../../src/lamplighter/deploy/templates/hub.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]

  parameters = {
    Prefix              = var.Prefix
    ApplicationId       = aws_cloudformation_stack.application.outputs["ApplicationId"]
    ApplicationTag      = aws_cloudformation_stack.application.outputs["ApplicationTag"]
    KeyArn              = aws_cloudformation_stack.state.outputs["KeyArn"]
    CodeBucket          = aws_cloudformation_stack.state.outputs["CodeBucket"]
    CoreCodeKey         = var.CoreCodeKey
    Runtime             = var.Runtime
    Architecture        = var.Architecture
    SchedulingActive    = var.SchedulingActive
    TagName             = var.TagName
    Timezone            = var.Timezone
    Regions             = join(",", var.Regions)
    Frequency           = var.Frequency
    ReconcileHours      = var.ReconcileHours
    OrganizationId      = var.OrganizationId
    Accounts            = join(",", var.Accounts)
    MemberRole          = var.MemberRole
    ExternalId          = var.ExternalId
    ClockSchedule       = var.ClockSchedule
    NotificationEmail   = var.NotificationEmail
    LogRetentionDays    = var.LogRetentionDays
    LogLevel            = var.LogLevel
    SubnetIds           = join(",", var.SubnetIds)
    SecurityGroupIds    = join(",", var.SecurityGroupIds)
    PermissionsBoundary = var.PermissionsBoundary
  }

  lifecycle {
    precondition {
      condition     = var.CoreCodeKey != ""
      error_message = "CoreCodeKey: first put the zip into the bucket (lamp deploy push)."
    }
  }
}

resource "aws_cloudformation_stack" "data" {
  name          = "${var.Prefix}-data"
  template_body = file("${path.module}/../../src/lamplighter/deploy/templates/data.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]

  parameters = {
    Prefix              = var.Prefix
    ApplicationId       = aws_cloudformation_stack.application.outputs["ApplicationId"]
    ApplicationTag      = aws_cloudformation_stack.application.outputs["ApplicationTag"]
    KeyArn              = aws_cloudformation_stack.state.outputs["KeyArn"]
    LakeBucket          = aws_cloudformation_stack.state.outputs["LakeBucket"]
    CodeBucket          = aws_cloudformation_stack.state.outputs["CodeBucket"]
    DataCodeKey         = var.DataCodeKey
    Runtime             = var.Runtime
    Architecture        = var.Architecture
    TagName             = var.TagName
    Timezone            = var.Timezone
    Regions             = join(",", var.Regions)
    OrganizationId      = var.OrganizationId
    Accounts            = join(",", var.Accounts)
    MemberRole          = var.MemberRole
    ExternalId          = var.ExternalId
    CollectSchedule     = var.CollectSchedule
    ReportSchedule      = var.ReportSchedule
    BillBucket          = var.BillBucket
    LogRetentionDays    = var.LogRetentionDays
    LogLevel            = var.LogLevel
    SubnetIds           = join(",", var.SubnetIds)
    SecurityGroupIds    = join(",", var.SecurityGroupIds)
    PermissionsBoundary = var.PermissionsBoundary
  }

  depends_on = [aws_cloudformation_stack.hub]

  lifecycle {
    precondition {
      condition     = var.DataCodeKey != ""
      error_message = "DataCodeKey: first put the zip into the bucket (lamp deploy push)."
    }
  }
}

resource "aws_cloudformation_stack" "watch" {
  count = var.Watch == "yes" ? 1 : 0

  name          = "${var.Prefix}-watch"
  template_body = file("${path.module}/../../src/lamplighter/deploy/templates/watch.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]

  parameters = {
    Prefix           = var.Prefix
    ApplicationId    = aws_cloudformation_stack.application.outputs["ApplicationId"]
    ApplicationTag   = aws_cloudformation_stack.application.outputs["ApplicationTag"]
    TopicArn         = aws_cloudformation_stack.hub.outputs["TopicArn"]
    SchedulingActive = var.SchedulingActive
  }

  depends_on = [aws_cloudformation_stack.state]
}
