# What Terraform configures of an instance: every kind of resource of its AWS provider that ours has, and what reads them.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {}

# Another revision changes what can be changed.

variable "revision" {}

provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
  skip_region_validation  = true
  endpoints {
    ssoadmin      = var.endpoint
    identitystore = var.endpoint
    sts           = var.endpoint
  }
}

data "aws_caller_identity" "me" {}

data "aws_ssoadmin_instances" "all" {}

locals {
  instance = tolist(data.aws_ssoadmin_instances.all.arns)[0]
  store    = tolist(data.aws_ssoadmin_instances.all.identity_store_ids)[0]
}

data "aws_ssoadmin_application_providers" "all" {}

resource "aws_identitystore_user" "erin" {
  identity_store_id = local.store
  user_name         = "erin"
  display_name      = "Erin Engineer ${var.revision}"
  nickname          = "E"
  locale            = "en-GB"
  timezone          = "Europe/Berlin"
  title             = "Engineer ${var.revision}"
  name {
    given_name  = "Erin"
    family_name = "Engineer"
  }
  emails {
    value   = "erin@example.com"
    type    = "work"
    primary = true
  }
  phone_numbers {
    value   = "+49 30 1234"
    type    = "work"
    primary = true
  }
  addresses {
    country  = "DE"
    locality = "Berlin"
    primary  = true
  }
}

resource "aws_identitystore_group" "engineers" {
  identity_store_id = local.store
  display_name      = "Engineers"
  description       = "They build ${var.revision}"
}

resource "aws_identitystore_group_membership" "erin" {
  identity_store_id = local.store
  group_id          = aws_identitystore_group.engineers.group_id
  member_id         = aws_identitystore_user.erin.user_id
}

data "aws_identitystore_user" "erin" {
  identity_store_id = local.store
  alternate_identifier {
    unique_attribute {
      attribute_path  = "UserName"
      attribute_value = aws_identitystore_user.erin.user_name
    }
  }
}

data "aws_identitystore_group" "engineers" {
  identity_store_id = local.store
  alternate_identifier {
    unique_attribute {
      attribute_path  = "DisplayName"
      attribute_value = aws_identitystore_group.engineers.display_name
    }
  }
}

resource "aws_ssoadmin_trusted_token_issuer" "idp" {
  name                      = "idp"
  instance_arn              = local.instance
  trusted_token_issuer_type = "OIDC_JWT"
  trusted_token_issuer_configuration {
    oidc_jwt_configuration {
      claim_attribute_path          = var.revision == "2" ? "mail" : "email"
      identity_store_attribute_path = "emails.value"
      issuer_url                    = "https://idp.example.com"
      jwks_retrieval_option         = "OPEN_ID_DISCOVERY"
    }
  }
  tags = { team = "platform", empty = "" }
}

resource "aws_ssoadmin_application" "reports" {
  name                     = "Reports"
  description              = "For people ${var.revision}"
  application_provider_arn = "arn:aws:sso::aws:applicationProvider/custom"
  instance_arn             = local.instance
  portal_options {
    visibility = "ENABLED"
    sign_in_options {
      application_url = "https://reports.example.com/${var.revision}"
      origin          = "APPLICATION"
    }
  }
  tags = { team = "platform", empty = "" }
}

resource "aws_ssoadmin_application" "plain" {
  name                     = "Plain"
  application_provider_arn = "arn:aws:sso::aws:applicationProvider/custom"
  instance_arn             = local.instance
}

resource "aws_ssoadmin_application_access_scope" "s" {
  application_arn    = aws_ssoadmin_application.reports.application_arn
  authorized_targets = [aws_ssoadmin_application.plain.application_arn]
  scope              = "sso:account:access"
}

resource "aws_ssoadmin_application_assignment" "erin" {
  application_arn = aws_ssoadmin_application.reports.application_arn
  principal_id    = aws_identitystore_user.erin.user_id
  principal_type  = "USER"
}

resource "aws_ssoadmin_application_assignment_configuration" "plain" {
  application_arn     = aws_ssoadmin_application.plain.application_arn
  assignment_required = var.revision == "2"
}

data "aws_ssoadmin_application" "reports" {
  application_arn = aws_ssoadmin_application.reports.application_arn
}

data "aws_ssoadmin_application_assignments" "reports" {
  application_arn = aws_ssoadmin_application_assignment.erin.application_arn
}

data "aws_ssoadmin_principal_application_assignments" "erin" {
  instance_arn   = local.instance
  principal_id   = aws_ssoadmin_application_assignment.erin.principal_id
  principal_type = "USER"
}

resource "aws_ssoadmin_permission_set" "engineer" {
  name             = "Engineer"
  description      = "Builds ${var.revision}"
  instance_arn     = local.instance
  relay_state      = "https://example.com/console"
  session_duration = "PT${var.revision}H"
  tags             = { team = "platform ${var.revision}" }
}

resource "aws_ssoadmin_permission_set" "bare" {
  name         = "Bare"
  instance_arn = local.instance
}

resource "aws_ssoadmin_permission_set_inline_policy" "engineer" {
  instance_arn       = local.instance
  permission_set_arn = aws_ssoadmin_permission_set.engineer.arn
  inline_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "1", Effect = "Allow", Action = ["s3:ListAllMyBuckets", "s3:Get${var.revision}"], Resource = "arn:aws:s3:::*" }]
  })
}

resource "aws_ssoadmin_managed_policy_attachment" "ro" {
  instance_arn       = local.instance
  permission_set_arn = aws_ssoadmin_permission_set.engineer.arn
  managed_policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_ssoadmin_customer_managed_policy_attachment" "own" {
  instance_arn       = local.instance
  permission_set_arn = aws_ssoadmin_permission_set.engineer.arn
  customer_managed_policy_reference {
    name = "own"
    path = "/team/"
  }
}

resource "aws_ssoadmin_permissions_boundary_attachment" "b" {
  instance_arn       = local.instance
  permission_set_arn = aws_ssoadmin_permission_set.engineer.arn
  permissions_boundary {
    managed_policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
  }
}

resource "aws_ssoadmin_account_assignment" "user" {
  instance_arn       = local.instance
  permission_set_arn = aws_ssoadmin_permission_set.engineer.arn
  principal_id       = aws_identitystore_user.erin.user_id
  principal_type     = "USER"
  target_id          = data.aws_caller_identity.me.account_id
  target_type        = "AWS_ACCOUNT"
}

resource "aws_ssoadmin_account_assignment" "group" {
  instance_arn       = local.instance
  permission_set_arn = aws_ssoadmin_permission_set.bare.arn
  principal_id       = aws_identitystore_group.engineers.group_id
  principal_type     = "GROUP"
  target_id          = "444455556666"
  target_type        = "AWS_ACCOUNT"
}

data "aws_ssoadmin_permission_set" "engineer" {
  instance_arn = local.instance
  name         = aws_ssoadmin_permission_set.engineer.name
}
