"""Write testdata/clean with ExecuTorch.

usage: python -c "exec(compile(open('generate.py').read(), 'model.py', 'exec'))"
in a folder of its own, so that no path gets into a file; files go to pte/, external.ptd is
_default_external_constant.ptd there.
executorch 1.5.1, torch 2.15.0, torchao 0.18.0, Python 3.11.
"""
import torch, os
from executorch.exir import to_edge, EdgeCompileConfig, ExecutorchBackendConfig, to_edge_transform_and_lower
os.makedirs('pte',exist_ok=True)
torch.manual_seed(0)
class M(torch.nn.Module):
    def __init__(self): super().__init__(); self.l=torch.nn.Linear(8,4)
    def forward(self,x): return torch.relu(self.l(x))
class C(torch.nn.Module):
    def forward(self,x):
        return torch.cond(x.sum()>0, lambda x:x+1, lambda x:x-1,(x,))
def save(n,e):
    b=e.buffer; open('pte/'+n,'wb').write(b); print(n,len(b))
    for k in (getattr(e,'_tensor_data',None) or {}): print('data',k); 
ep=torch.export.export(M().eval(),(torch.randn(1,8),))
save('linear.pte',to_edge(ep).to_executorch())
class S(torch.nn.Module):
    def __init__(self): super().__init__(); self.register_buffer('w',torch.randn(8,4))
    def forward(self,x): return torch.relu(x@self.w)
e=to_edge(torch.export.export(S().eval(),(torch.randn(1,8),))).to_executorch(ExecutorchBackendConfig(emit_stacktrace=True)); save('stacktrace.pte',e)
try:
    e=to_edge(torch.export.export(C().eval(),(torch.randn(3),))).to_executorch(); save('cond.pte',e)
except Exception as x: print('cond',str(x)[-300:])
try:
    e=to_edge(torch.export.export(M().eval(),(torch.randn(1,8),))).to_executorch(ExecutorchBackendConfig(external_constants=True)); save('external.pte',e)
    e.write_tensor_data_to_file('pte/')
except Exception as x: print('ext',str(x)[-300:])
try:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    class N(torch.nn.Module):
        def __init__(self): super().__init__(); self.c=torch.nn.Conv2d(1,2,3,padding=1); self.l=torch.nn.Linear(128,4)
        def forward(self,x): return torch.softmax(self.l(torch.relu(self.c(x)).flatten(1)),-1)
    ep=torch.export.export(N().eval(),(torch.randn(1,1,8,8),))
    save('xnnpack.pte',to_edge_transform_and_lower(ep,partitioner=[XnnpackPartitioner()]).to_executorch())
except Exception as x: print('xnn',repr(x)[-600:])
try:
    class K(torch.nn.Module):
        def __init__(self): super().__init__(); self.register_buffer('s',torch.zeros(3))
        def forward(self,x): self.s.add_(x); return self.s+x
    save('mutable.pte',to_edge(torch.export.export(K(),(torch.randn(3),))).to_executorch())
    from executorch.exir.passes import MemoryPlanningPass
    from executorch.exir.passes.init_mutable_pass import InitializedMutableBufferPass
    class K2(torch.nn.Module):
        def __init__(self): super().__init__(); self.register_buffer('kv_pos',torch.arange(3).float())
        def forward(self,x): self.kv_pos.add_(x); return self.kv_pos+x
    save('mutable_init.pte',to_edge(torch.export.export(K2(),(torch.randn(3),))).to_executorch(ExecutorchBackendConfig(passes=[InitializedMutableBufferPass(['kv_pos'])])))
except Exception as x: print('mut',repr(x)[-300:])
try:
    from executorch.devtools import BundledProgram
    from executorch.devtools.bundled_program.config import MethodTestCase, MethodTestSuite
    from executorch.devtools.bundled_program.serialize import serialize_from_bundled_program_to_flatbuffer as ser
    mm=M().eval(); x=torch.randn(1,8)
    prog=to_edge(torch.export.export(mm,(x,))).to_executorch()
    bp=BundledProgram(prog,[MethodTestSuite('forward',[MethodTestCase(inputs=(x,),expected_outputs=(mm(x),))])])
    b=ser(bp); open('pte/bundled.bpte','wb').write(b); print('bundled',len(b))
except Exception as x: print('bundled',repr(x)[-300:])
