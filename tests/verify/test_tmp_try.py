from hubq.release.endpoint import local_storage
def test_x(finished):
    st=local_storage(finished.folder/"runs"/"hub")
    for r in ("acme/Small-AWQ","acme/Small-GPTQ-Int8"):
        rp=st.repo(r); print(r, {n: len(rp.read(n, rp.head("main"))) for n in rp.files()})
    print(finished.said)
    assert 0
