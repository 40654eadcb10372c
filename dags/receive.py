"""
# receive_&lt;party&gt; · 接收

一次运行接收一个文件：打开、读取、校验、入库，或者退回；然后给报送单位回信。红色就是退回，须重新报送。

One run receives one package of a party: opened, read, checked and settled in one transaction, or refused; then the
sender is answered by mail.

- Started by `bidui watch` over the REST API; the run id is `period.dataset.hash8`, the partition key the period.
- A refused package ends its run **failed, without retry**: the grid shows who is in, late or refused.
- The same package again is the same run, or a second one that answers "already received"; nothing is loaded twice.
- Clearing a run is harmless: what a package came to is decided as of its arrival and recorded once.
"""

from airflow.sdk import PartitionedAtRuntime, dag

from bidui.orchestration import defaults, tasks

for agreement in defaults.policy().agreements.values():
    if not agreement.provides:
        continue

    @dag(
        dag_id=f"receive_{agreement.party}",
        dag_display_name=f"接收 {agreement.title}",
        schedule=PartitionedAtRuntime(),
        access_control=defaults.WATCHER,
        tags=["receive", agreement.kind],
        **defaults.dag(__doc__),
    )
    def receive():
        tasks.reply(tasks.receive())

    receive()
