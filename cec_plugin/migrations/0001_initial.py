"""The first tables."""

import cec_plugin.models.catalogue
import cec_plugin.models.fields
import django.core.validators
import django.db.models.deletion
import uuid
from django.db import migrations, models

from cec_plugin.models.fields import check


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveBigIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'credit account',
                'verbose_name_plural': 'credit accounts',
            },
        ),
        migrations.CreateModel(
            name='Activity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key_digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('site', models.CharField(max_length=100, verbose_name='site')),
                ('key', models.CharField(max_length=255, verbose_name='key')),
                ('type', models.CharField(choices=[('course', 'course'), ('program', 'program'), ('webinar', 'webinar'), ('session', 'session')], default='course', max_length=20, verbose_name='type')),
                ('title', models.CharField(blank=True, max_length=255, verbose_name='title')),
                ('course', models.CharField(blank=True, max_length=255, verbose_name='course without the run')),
                ('organization_key', models.CharField(blank=True, max_length=255, verbose_name='offered by')),
                ('ends_at', models.DateTimeField(blank=True, null=True, verbose_name='ends at')),
                ('earned_by', models.CharField(blank=True, choices=[('', 'as the site'), ('certificate', 'certificate'), ('passing', 'passing grade')], default='', max_length=20, verbose_name='finished by')),
                ('counts', models.CharField(blank=True, choices=[('', 'as the site'), ('at_once', 'at once'), ('run_end', 'when the run has ended')], default='', max_length=20, verbose_name='counts')),
                ('refreshed_at', models.DateTimeField(blank=True, null=True, verbose_name='read from the platform at')),
            ],
            options={
                'verbose_name': 'activity',
                'verbose_name_plural': 'activities',
            },
        ),
        migrations.CreateModel(
            name='Export',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('made_by', models.CharField(max_length=150, verbose_name='made by')),
            ],
            options={
                'verbose_name': 'export',
                'verbose_name_plural': 'exports',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Identity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(editable=False, max_length=64, unique=True)),
                ('site', models.CharField(max_length=100, verbose_name='site')),
                ('subject', models.CharField(max_length=100, verbose_name='account')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'account',
                'verbose_name_plural': 'accounts',
            },
        ),
        migrations.CreateModel(
            name='JobRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job', models.CharField(max_length=50, unique=True, verbose_name='job')),
                ('began_at', models.DateTimeField(null=True, verbose_name='began at')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('ok', models.BooleanField(default=True, verbose_name='went well')),
                ('result', models.JSONField(default=dict, verbose_name='result')),
            ],
            options={
                'verbose_name': 'periodic job',
                'verbose_name_plural': 'periodic jobs',
            },
        ),
        migrations.CreateModel(
            name='Organization',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=50, unique=True, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9_-]*\\Z', 'Use small letters, digits, hyphens and underscores.')], verbose_name='code')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('unit', models.CharField(choices=[('hours', 'hours')], default='hours', max_length=20, verbose_name='unit')),
                ('time_zone', models.CharField(default='UTC', help_text="In which a credit's date falls on a day.", max_length=64, validators=[cec_plugin.models.catalogue.validate_time_zone], verbose_name='time zone')),
            ],
            options={
                'verbose_name': 'organization',
                'verbose_name_plural': 'organizations',
            },
        ),
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'person',
                'verbose_name_plural': 'people',
            },
        ),
        migrations.CreateModel(
            name='Role',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=50, unique=True, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9_-]*\\Z', 'Use small letters, digits, hyphens and underscores.')], verbose_name='code')),
                ('label', models.CharField(max_length=100, verbose_name='label')),
            ],
            options={
                'verbose_name': 'role',
                'verbose_name_plural': 'roles',
            },
        ),
        migrations.CreateModel(
            name='CreditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('award', 'award'), ('reversal', 'reversal'), ('adjustment', 'adjustment')], max_length=20, verbose_name='kind')),
                ('credit_type', models.CharField(max_length=50, verbose_name='credit type')),
                ('hundredths', models.IntegerField(verbose_name='credit (hundredths)')),
                ('earned_at', models.DateTimeField(verbose_name='finished at')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded at')),
                ('line', models.CharField(blank=True, max_length=50, verbose_name='rule')),
                ('stint', models.PositiveIntegerField(default=1)),
                ('generation', models.PositiveIntegerField(default=0)),
                ('natural_key', models.CharField(editable=False, max_length=64, unique=True)),
                ('basis', models.JSONField(default=list, verbose_name='basis')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='cec_plugin.account')),
                ('reverses', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='cec_plugin.creditentry', verbose_name='reverses')),
            ],
            options={
                'verbose_name': 'credit',
                'verbose_name_plural': 'credits',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=36, verbose_name='reference')),
                ('award_reference', models.CharField(blank=True, max_length=36)),
                ('state', models.CharField(choices=[('pending', 'pending'), ('held', 'held'), ('delivered', 'delivered'), ('parked', 'parked'), ('void', 'void')], max_length=20, verbose_name='state')),
                ('presence', models.CharField(choices=[('absent', 'absent'), ('unknown', 'unknown'), ('present', 'present')], default='absent', max_length=20, verbose_name='in the registry')),
                ('hold_code', models.CharField(blank=True, choices=[('no_member_number', 'no member number'), ('member_unknown', 'the registry does not know the member'), ('predecessor', 'the delivery before it')], max_length=30, verbose_name='waits for')),
                ('due_at', models.DateTimeField(null=True, verbose_name='due at')),
                ('lease', models.PositiveIntegerField(default=0, verbose_name='attempts')),
                ('failures', models.PositiveIntegerField(default=0, verbose_name='failures')),
                ('looks', models.PositiveIntegerField(default=0, verbose_name='looks for the member')),
                ('remote_id', models.CharField(blank=True, max_length=100, verbose_name="registry's id")),
                ('reason', models.CharField(blank=True, max_length=255, verbose_name='last answer')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('settled_at', models.DateTimeField(null=True, verbose_name='settled at')),
                ('after', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='successors', to='cec_plugin.delivery')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='cec_plugin.creditentry')),
            ],
            options={
                'verbose_name': 'delivery',
                'verbose_name_plural': 'deliveries',
                'permissions': [('requeue_delivery', 'Can requeue a delivery')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lease', models.PositiveIntegerField(verbose_name='attempt')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('result', models.CharField(choices=[('delivered', 'delivered'), ('retryable', 'retryable'), ('ambiguous', 'ambiguous'), ('configuration', 'configuration'), ('refused', 'refused'), ('member', 'member'), ('unreadable', 'unreadable'), ('conflict', 'conflict')], max_length=20, verbose_name='result')),
                ('status', models.PositiveSmallIntegerField(null=True, verbose_name='HTTP status')),
                ('milliseconds', models.PositiveIntegerField(verbose_name='milliseconds')),
                ('reason', models.CharField(blank=True, max_length=255, verbose_name='answer')),
                ('fenced', models.BooleanField(default=False, help_text='Another worker had taken the delivery over.', verbose_name='too late')),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='cec_plugin.delivery')),
            ],
            options={
                'verbose_name': 'attempt',
                'verbose_name_plural': 'attempts',
            },
        ),
        migrations.CreateModel(
            name='ExportedEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('member_number', models.CharField(max_length=100, verbose_name='member number')),
                ('title', models.CharField(blank=True, max_length=255, verbose_name='title')),
                ('earned_on', models.DateField(verbose_name='earned on')),
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='exported', to='cec_plugin.creditentry')),
                ('export', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='cec_plugin.export')),
            ],
            options={
                'verbose_name': 'exported credit',
                'verbose_name_plural': 'exported credits',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=50, verbose_name='source')),
                ('site', models.CharField(max_length=100, verbose_name='site')),
                ('subject', models.CharField(max_length=100, verbose_name='account')),
                ('activity', models.CharField(max_length=255, verbose_name='activity')),
                ('role', models.CharField(max_length=50, verbose_name='role')),
                ('occurrence', models.CharField(blank=True, max_length=64, verbose_name='occurrence')),
                ('kind', models.CharField(choices=[('earned', 'earned'), ('withdrawn', 'withdrawn')], max_length=20, verbose_name='says')),
                ('via', models.CharField(choices=[('certificate', 'certificate'), ('passing', 'passing'), ('entry', 'entry')], max_length=20, verbose_name='by')),
                ('occurred_at', models.DateTimeField(verbose_name='source time')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished at')),
                ('grade', models.CharField(blank=True, max_length=20, verbose_name='grade')),
                ('mode', models.CharField(blank=True, max_length=50, verbose_name='mode')),
                ('service_hundredths', models.IntegerField(null=True, verbose_name='hours of service (hundredths)')),
                ('evidence', models.JSONField(default=dict, verbose_name='evidence')),
                ('received_at', models.DateTimeField(verbose_name='received at')),
                ('settled_at', models.DateTimeField(null=True, verbose_name='settled at')),
                ('participation_key', models.CharField(editable=False, max_length=64)),
                ('identity_key', models.CharField(editable=False, max_length=64)),
            ],
            options={
                'verbose_name': 'notice',
                'verbose_name_plural': 'notices',
                'indexes': [models.Index(fields=['participation_key', 'occurred_at'], name='cec_notice_part'), models.Index(fields=['identity_key', 'settled_at'], name='cec_notice_identity'), models.Index(fields=['settled_at', 'id'], name='cec_notice_unsettled')],
            },
        ),
        migrations.AddField(
            model_name='export',
            name='organization',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exports', to='cec_plugin.organization'),
        ),
        migrations.AddField(
            model_name='account',
            name='organization',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='cec_plugin.organization'),
        ),
        migrations.CreateModel(
            name='Participation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(editable=False, max_length=64, unique=True)),
                ('role', models.CharField(max_length=50, verbose_name='role')),
                ('occurrence', models.CharField(blank=True, max_length=64, verbose_name='occurrence')),
                ('stands', models.BooleanField(verbose_name='stands')),
                ('stints', models.JSONField(default=list, verbose_name='stood')),
                ('earned_at', models.DateTimeField(null=True, verbose_name='finished at')),
                ('earned_from', models.CharField(blank=True, max_length=50, verbose_name='date from')),
                ('grade', models.CharField(blank=True, max_length=20, verbose_name='grade')),
                ('mode', models.CharField(blank=True, max_length=50, verbose_name='mode')),
                ('service_hundredths', models.IntegerField(null=True, verbose_name='hours of service (hundredths)')),
                ('has_refusals', models.BooleanField(default=False)),
                ('settle_at', models.DateTimeField(null=True, verbose_name='settle again at')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('changed_at', models.DateTimeField(auto_now=True, verbose_name='changed at')),
                ('activity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='participations', to='cec_plugin.activity')),
                ('identity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='participations', to='cec_plugin.identity')),
            ],
            options={
                'verbose_name': 'finished activity',
                'verbose_name_plural': 'finished activities',
            },
        ),
        migrations.AddField(
            model_name='creditentry',
            name='participation',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='cec_plugin.participation'),
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=100, verbose_name='member number')),
                ('number_key', models.CharField(editable=False, max_length=64)),
                ('verified_by', models.CharField(blank=True, max_length=100, verbose_name='verified by')),
                ('verified_at', models.DateTimeField(blank=True, null=True, verbose_name='verified at')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='cec_plugin.organization')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='cec_plugin.person')),
            ],
            options={
                'verbose_name': 'membership',
                'verbose_name_plural': 'memberships',
            },
        ),
        migrations.AddField(
            model_name='identity',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='identities', to='cec_plugin.person'),
        ),
        migrations.AddField(
            model_name='account',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='cec_plugin.person'),
        ),
        migrations.CreateModel(
            name='Refusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(choices=[('no_table', 'no_table'), ('no_rule', 'no_rule'), ('no_figure', 'no_figure'), ('role_not_credited', 'role_not_credited'), ('no_hours', 'no_hours'), ('zero', 'zero'), ('run_not_ended', 'run_not_ended')], max_length=40, verbose_name='reason')),
                ('details', models.JSONField(default=dict, verbose_name='details')),
                ('decided_at', models.DateTimeField(verbose_name='decided at')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refusals', to='cec_plugin.organization')),
                ('participation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refusals', to='cec_plugin.participation')),
            ],
            options={
                'verbose_name': 'refusal',
                'verbose_name_plural': 'refusals',
            },
        ),
        migrations.CreateModel(
            name='Registry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True, verbose_name='name')),
                ('adapter', models.CharField(choices=[('rest', 'generic REST')], default='rest', max_length=20, verbose_name='adapter')),
                ('base_url', models.URLField(max_length=500, verbose_name='base address')),
                ('auth', models.CharField(choices=[('header', 'key in a header'), ('basic', 'user name and password'), ('oauth2', 'OAuth2 client credentials')], default='header', max_length=20, verbose_name='authentication')),
                ('secret', models.CharField(help_text='The name of the secret in the setting CEC_SECRETS, not the secret itself.', max_length=100, verbose_name='secret')),
                ('options', models.JSONField(blank=True, default=dict, help_text='Paths and field mapping, where they differ from the defaults.', verbose_name='options')),
                ('timeout_s', models.PositiveIntegerField(default=10, validators=[django.core.validators.MinValueValidator(1)], verbose_name='time for one call (seconds)')),
                ('calls_per_minute', models.PositiveIntegerField(default=600, validators=[django.core.validators.MinValueValidator(1)], verbose_name='calls a minute, all workers together')),
                ('paused', models.BooleanField(default=True, editable=False, verbose_name='paused')),
                ('paused_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='paused at')),
                ('paused_reason', models.CharField(blank=True, editable=False, max_length=255, verbose_name='paused because')),
                ('caught_up_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='told of what was recorded before it at')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='registries', to='cec_plugin.organization')),
            ],
            options={
                'verbose_name': 'registry',
                'verbose_name_plural': 'registries',
                'permissions': [('operate_registry', 'Can pause, resume and try a registry')],
            },
        ),
        migrations.AddField(
            model_name='delivery',
            name='registry',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='cec_plugin.registry'),
        ),
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('title', models.CharField(blank=True, max_length=200, verbose_name='title')),
                ('effective_from', models.DateField(help_text='May lie in the past. A later version takes over from its own date.', validators=[cec_plugin.models.fields.validate_day], verbose_name='in force from')),
                ('activated_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='activated at')),
                ('activated_by', models.CharField(blank=True, editable=False, max_length=150, verbose_name='activated by')),
                ('resettled_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('digest', models.CharField(blank=True, editable=False, max_length=64)),
                ('source', models.TextField(blank=True, verbose_name='source')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='schedules', to='cec_plugin.organization')),
            ],
            options={
                'verbose_name': 'credit table',
                'verbose_name_plural': 'credit tables',
                'permissions': [('activate_schedule', 'Can activate a credit table')],
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Rule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=50, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9_-]*\\Z', 'Use small letters, digits, hyphens and underscores.')], verbose_name='code')),
                ('title', models.CharField(blank=True, max_length=200, verbose_name='title')),
                ('selector', models.CharField(choices=[('run', 'exact course run'), ('course', 'course without the run'), ('organization', 'organization'), ('glob', 'pattern')], max_length=20, verbose_name='names its activities by')),
                ('pattern', models.CharField(max_length=255, verbose_name='which')),
                ('credit_type', models.CharField(default='cec', max_length=50, verbose_name='credit type')),
                ('hundredths', models.IntegerField(blank=True, null=True, validators=[cec_plugin.models.fields.validate_figure], verbose_name="learner's credit")),
                ('source', models.CharField(blank=True, max_length=255, verbose_name='source')),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='cec_plugin.schedule')),
            ],
            options={
                'verbose_name': 'rule',
                'verbose_name_plural': 'rules',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='RoleBonus',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('flat', 'a fixed amount'), ('per_hour', 'per hour of service')], default='flat', max_length=20, verbose_name='reckoned')),
                ('hundredths', models.IntegerField(blank=True, null=True, validators=[cec_plugin.models.fields.validate_figure], verbose_name='credit')),
                ('source', models.CharField(blank=True, max_length=255, verbose_name='source')),
                ('role', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='cec_plugin.role', verbose_name='role')),
                ('rule', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='bonuses', to='cec_plugin.rule', verbose_name='rule')),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bonuses', to='cec_plugin.schedule')),
            ],
            options={
                'verbose_name': 'role bonus',
                'verbose_name_plural': 'role bonuses',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddField(
            model_name='creditentry',
            name='schedule',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='cec_plugin.schedule'),
        ),
        migrations.CreateModel(
            name='Service',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('hours_hundredths', models.PositiveIntegerField(blank=True, null=True, verbose_name='hours (hundredths)')),
                ('served_on', models.DateField(validators=[cec_plugin.models.fields.validate_day], verbose_name='date')),
                ('withdrawn_at', models.DateTimeField(editable=False, null=True, verbose_name='withdrawn at')),
                ('entered_by', models.CharField(blank=True, editable=False, max_length=150, verbose_name='entered by')),
                ('entered_at', models.DateTimeField(auto_now_add=True, verbose_name='entered at')),
                ('activity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='cec_plugin.activity', verbose_name='activity')),
                ('identity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='cec_plugin.identity', verbose_name='account')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='cec_plugin.person', verbose_name='person')),
                ('role', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='cec_plugin.role', verbose_name='role')),
            ],
            options={
                'verbose_name': 'service in a role',
                'verbose_name_plural': 'service in roles',
            },
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.UniqueConstraint(fields=('organization', 'number'), name='cec_export_number'),
        ),
        migrations.AddIndex(
            model_name='participation',
            index=models.Index(fields=['settle_at', 'id'], name='cec_part_settle'),
        ),
        migrations.AddIndex(
            model_name='participation',
            index=models.Index(fields=['changed_at', 'id'], name='cec_part_changed'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('person', 'organization'), name='cec_membership_person'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('organization', 'number_key'), name='cec_membership_number'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(fields=('person', 'organization'), name='cec_account'),
        ),
        migrations.AddConstraint(
            model_name='refusal',
            constraint=models.UniqueConstraint(fields=('participation', 'organization'), name='cec_refusal'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['registry', 'state', 'due_at', 'id'], name='cec_delivery_due'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('entry', 'registry'), name='cec_delivery'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('registry', 'reference'), name='cec_delivery_reference'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.UniqueConstraint(fields=('organization', 'version'), name='cec_schedule_version'),
        ),
        migrations.AddConstraint(
            model_name='rule',
            constraint=models.UniqueConstraint(fields=('schedule', 'code'), name='cec_rule_code'),
        ),
        migrations.AddConstraint(
            model_name='rule',
            constraint=check(condition=models.Q(('hundredths__isnull', True), ('hundredths__gte', 0), _connector='OR'), name='cec_rule_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='rolebonus',
            constraint=check(condition=models.Q(('hundredths__isnull', True), ('hundredths__gte', 0), _connector='OR'), name='cec_bonus_not_negative'),
        ),
        migrations.AddIndex(
            model_name='creditentry',
            index=models.Index(fields=['account', 'earned_at'], name='cec_entry_account'),
        ),
        migrations.AddConstraint(
            model_name='creditentry',
            constraint=check(condition=models.Q(models.Q(('hundredths__gt', 0), ('kind', 'award'), ('reverses__isnull', True)), models.Q(('hundredths__lt', 0), ('kind', 'reversal'), ('reverses__isnull', False)), models.Q(('kind', 'adjustment'), ('reverses__isnull', True), models.Q(('hundredths', 0), _negated=True)), _connector='OR'), name='cec_entry_kind_and_sign'),
        ),
    ]
